"""The rules that turn contracts into code, one a language."""

load(":cc.bzl", _cc_grpc_library = "cc_grpc_library")
load(":descriptor_set.bzl", _descriptor_set = "descriptor_set")
load(":java.bzl", _java_grpc_library = "java_grpc_library")
load(":py.bzl", _py_grpc_library = "py_grpc_library")

cc_grpc_library = _cc_grpc_library
descriptor_set = _descriptor_set
java_grpc_library = _java_grpc_library
py_grpc_library = _py_grpc_library
