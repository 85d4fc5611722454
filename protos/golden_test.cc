// Golden bytes as C++ reads and writes them: by protobuf, and by the server, which knows the contracts alone.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/request_decoder.h"
#include "cpp_server/contracts/response_encoder.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr char kComment[] = "# proto-message: ";

std::string ContentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Contracts AllContracts() {
  Contracts all;
  for (const char* const name : {"census", "mnist", "recommender"}) {
    const std::string path = std::string("protos/") + name + ".desc";
    auto contracts = ReadContracts(ContentOf(path), path);
    EXPECT_TRUE(contracts.ok()) << contracts.status();
    EXPECT_TRUE(AddContracts(*std::move(contracts), &all).ok());
  }
  return all;
}

class GoldenTest : public ::testing::Test {
 protected:
  GoldenTest() : contracts_(AllContracts()) {
    for (const auto& entry : std::filesystem::directory_iterator("protos/golden")) {
      if (entry.path().extension() == ".txtpb") texts_.push_back(entry.path());
    }
  }

  // What the file says it is.
  const Descriptor* TypeOf(const std::string& text) const {
    absl::string_view line = absl::string_view(text).substr(0, text.find('\n'));
    EXPECT_TRUE(absl::ConsumePrefix(&line, kComment)) << line;
    for (const auto& pool : contracts_.pools) {
      const Descriptor* const type = pool->FindMessageTypeByName(std::string(line));
      if (type != nullptr) return type;
    }
    ADD_FAILURE() << "no contract has " << line;
    return nullptr;
  }

  const Contracts contracts_;
  google::protobuf::DynamicMessageFactory factory_;
  std::vector<std::filesystem::path> texts_;
};

TEST_F(GoldenTest, ProtobufReadsAndWritesThem) {
  EXPECT_GE(texts_.size(), 8u);
  for (std::filesystem::path path : texts_) {
    const std::string text = ContentOf(path);
    const std::string golden = ContentOf(path.replace_extension(".binpb"));
    const Descriptor* const type = TypeOf(text);
    ASSERT_NE(type, nullptr);
    const std::unique_ptr<Message> written(factory_.GetPrototype(type)->New());
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, written.get())) << path;
    EXPECT_EQ(written->SerializeAsString(), golden) << path;
    const std::unique_ptr<Message> read(factory_.GetPrototype(type)->New());
    ASSERT_TRUE(read->ParseFromString(golden)) << path;
    EXPECT_EQ(read->DebugString(), written->DebugString()) << path;
  }
}

TEST_F(GoldenTest, TheServerReadsAndWritesThem) {
  int messages = 0;
  for (std::filesystem::path path : texts_) {
    const Descriptor* const type = TypeOf(ContentOf(path));
    const std::string golden = ContentOf(path.replace_extension(".binpb"));
    for (const ContractMethod& method : contracts_.methods) {
      for (const ContractLayout& layout : {method.request, method.response}) {
        if (layout.type != type->full_name()) continue;
        // A request is written, and a response read, as if it were the other.
        ContractMethod both_ways = method;
        both_ways.request = layout;
        const auto read = DecodeRequest(both_ways, golden);
        ASSERT_TRUE(read.ok()) << path << ": " << read.status();
        const auto written = EncodeResponse(layout, read->examples, read->tensors);
        ASSERT_TRUE(written.ok()) << path << ": " << written.status();
        EXPECT_EQ(*written, golden) << path;
        ++messages;
      }
    }
  }
  EXPECT_GE(messages, static_cast<int>(texts_.size()));
}

}  // namespace
}  // namespace trilho
