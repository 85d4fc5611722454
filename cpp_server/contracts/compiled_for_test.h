// Contracts that stand in a test's source, and protobuf's own reading of their messages.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_COMPILED_FOR_TEST_H_
#define TRILHO_CPP_SERVER_CONTRACTS_COMPILED_FOR_TEST_H_

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/tensorflow/tensor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace trilho {

// A file of `package test` with `body`, which begins in line 5 if it begins with a line break.
inline std::string TestProto(const std::string& body) {
  return "syntax = \"proto3\";\n\npackage test;\nimport \"trilho/contract.proto\";" + body;
}

// Compiles one file, named "test.proto", by protoc: a serialized FileDescriptorSet with imports and source info.
inline std::string CompileProto(const std::string& source) {
  const std::string runfiles = std::getenv("TEST_SRCDIR");
  const std::string folder = absl::StrCat(std::getenv("TEST_TMPDIR"), "/protos");
  const std::string set = folder + "/test.desc";
  mkdir(folder.c_str(), 0777);
  std::ofstream(folder + "/test.proto") << source;
  const std::string command = absl::StrCat(
      runfiles, "/system_cc/protoc --proto_path=", folder, " --descriptor_set_in=", runfiles, "/",
      std::getenv("TEST_WORKSPACE"),
      "/protos/contract.desc --include_imports --include_source_info --descriptor_set_out=", set, " test.proto");
  EXPECT_EQ(std::system(command.c_str()), 0) << source;
  std::ifstream file(set, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A file's contracts, which must be right, and its messages.
class CompiledProto {
 public:
  explicit CompiledProto(const std::string& source) {
    const std::string compiled = CompileProto(source);
    auto read = ReadContracts(compiled, "test.desc");
    EXPECT_TRUE(read.ok()) << read.status();
    if (read.ok()) contracts_ = *std::move(read);
    google::protobuf::FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromString(compiled));
    for (const auto& file : set.file()) EXPECT_NE(pool_.BuildFile(file), nullptr);
  }

  const Contracts& contracts() const { return contracts_; }
  const ContractMethod& method(size_t i = 0) const { return contracts_.methods.at(i); }

  // The bytes of a message that stands in text format.
  std::string Bytes(const std::string& type, const std::string& text) {
    const auto message = New(type);
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get())) << text;
    return message->SerializeAsString();
  }

  // The other way, in one line.
  std::string Text(const std::string& type, const std::string& bytes) {
    const auto message = New(type);
    if (!message->ParseFromString(bytes)) return "malformed";
    return message->ShortDebugString();
  }

 private:
  std::unique_ptr<google::protobuf::Message> New(const std::string& type) {
    const auto* const descriptor = pool_.FindMessageTypeByName("test." + type);
    EXPECT_NE(descriptor, nullptr) << type;
    return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(descriptor)->New());
  }

  Contracts contracts_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
};

// "[2,3] 1 2 3 4 5 6"; strings in quotes.
template <typename T>
std::string TensorText(const Tensor& tensor) {
  std::string text = ShapeString(tensor.dims());
  for (int64_t i = 0; i < tensor.num_elements(); ++i) absl::StrAppend(&text, " ", +tensor.data<T>()[i]);
  return text;
}

inline std::string StringsText(const Tensor& tensor) {
  std::string text = ShapeString(tensor.dims());
  for (int64_t i = 0; i < tensor.num_elements(); ++i) absl::StrAppend(&text, " \"", tensor.string(i), "\"");
  return text;
}

template <typename T>
Tensor NewTensor(TF_DataType type, const std::vector<int64_t>& dims, const std::vector<T>& values) {
  Tensor tensor = *Tensor::Allocate(type, dims);
  EXPECT_EQ(tensor.num_elements(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) tensor.data<T>()[i] = values[i];
  return tensor;
}

inline Tensor NewStrings(const std::vector<int64_t>& dims, const std::vector<std::string>& values) {
  Tensor tensor = *Tensor::Allocate(TF_STRING, dims);
  EXPECT_EQ(tensor.num_elements(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) tensor.set_string(static_cast<int64_t>(i), values[i]);
  return tensor;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_COMPILED_FOR_TEST_H_
