"""The part of rules_python that this tree loads: the native rules."""

py_binary = native.py_binary
py_library = native.py_library
py_runtime = native.py_runtime
py_test = native.py_test
