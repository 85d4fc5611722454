#include "cpp_server/rpc/reflected_files.h"

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

// A set of one file with one message of one field. What is added stays: each test has files and packages of its own.
FileDescriptorSet SetOf(const std::string& package, const std::string& file, const std::string& message,
                        const std::string& field) {
  FileDescriptorSet set;
  FileDescriptorProto& proto = *set.add_file();
  proto.set_name(file);
  proto.set_package(package);
  proto.set_syntax("proto3");
  auto& type = *proto.add_message_type();
  type.set_name(message);
  auto& added = *type.add_field();
  added.set_name(field);
  added.set_number(1);
  added.set_type(google::protobuf::FieldDescriptorProto::TYPE_FLOAT);
  added.set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  return set;
}

absl::Status Add(const FileDescriptorSet& set, const std::string& path) {
  return AddReflectedFiles(set.SerializeAsString(), path);
}

TEST(ReflectedFilesTest, AreInThePoolThatReflectionLooksAt) {
  EXPECT_EQ(Add(SetOf("reflected.known", "known.proto", "A", "x"), "a.desc"), absl::OkStatus());
  const auto* const type = DescriptorPool::generated_pool()->FindMessageTypeByName("reflected.known.A");
  ASSERT_NE(type, nullptr);
  EXPECT_NE(type->FindFieldByName("x"), nullptr);
}

TEST(ReflectedFilesTest, OneThatTwoSetsImportIsOneFile) {
  FileDescriptorSet set = SetOf("reflected.shared", "shared.proto", "A", "x");
  EXPECT_EQ(Add(set, "a.desc"), absl::OkStatus());
  // With comments this time.
  set.mutable_file(0)->mutable_source_code_info()->add_location()->set_leading_comments("why");
  EXPECT_EQ(Add(set, "b.desc"), absl::OkStatus());
}

TEST(ReflectedFilesTest, OneOfTheSameNameThatIsAnotherIsRefusedWithBothSets) {
  EXPECT_EQ(Add(SetOf("reflected.twice", "twice.proto", "A", "x"), "a.desc"), absl::OkStatus());
  EXPECT_EQ(
      Add(SetOf("reflected.twice", "twice.proto", "A", "y"), "b.desc"),
      absl::InvalidArgumentError("b.desc: twice.proto is another one than in a.desc: compile both from one source"));
}

TEST(ReflectedFilesTest, WhatTheProgramWasCompiledWithStaysAsItIs) {
  EXPECT_EQ(Add(SetOf("google.protobuf", "google/protobuf/descriptor.proto", "FileDescriptorSet", "other"), "a.desc"),
            absl::OkStatus());
  EXPECT_EQ(DescriptorPool::generated_pool()
                ->FindMessageTypeByName("google.protobuf.FileDescriptorSet")
                ->FindFieldByName("other"),
            nullptr);
}

TEST(ReflectedFilesTest, AMessageOfTwoFilesIsRefused) {
  EXPECT_EQ(Add(SetOf("reflected.message", "first.proto", "A", "x"), "a.desc"), absl::OkStatus());
  EXPECT_EQ(
      Add(SetOf("reflected.message", "second.proto", "A", "x"), "b.desc"),
      absl::InvalidArgumentError("b.desc: second.proto defines what another file of the same package defines already"));
}

TEST(ReflectedFilesTest, WhatFitsNothingIsRefused) {
  FileDescriptorSet set = SetOf("reflected.unfit", "unfit.proto", "A", "x");
  auto& type = *set.mutable_file(0)->mutable_message_type(0);
  // Twice.
  *type.add_field() = type.field(0);
  EXPECT_EQ(Add(set, "a.desc"),
            absl::InvalidArgumentError("a.desc: unfit.proto does not fit the files that it imports"));
  EXPECT_EQ(AddReflectedFiles("\x0b", "b.desc"),
            absl::InvalidArgumentError("b.desc: is no serialized google.protobuf.FileDescriptorSet"));
}

}  // namespace
}  // namespace trilho
