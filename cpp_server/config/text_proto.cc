#include "cpp_server/config/text_proto.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace trilho {
namespace {

// Of messages in each other. The parser calls itself for each, and text may come from a client.
constexpr int kMaxDepth = 100;

// What the parser says quotes the text.
enum class Quotes { kYes, kNo };

// Keeps the first error of a text proto, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(Quotes quotes) : quotes_(quotes) {}

  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat("line ", line + 1, ", column ", column + 1);
    if (quotes_ == Quotes::kYes) absl::StrAppend(&text_, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  const Quotes quotes_;
  std::string text_;
};

// Empty if it parses.
std::string Parse(const std::string& text, Quotes quotes, google::protobuf::Message* message) {
  FirstError error(quotes);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kMaxDepth);
  if (parser.ParseFromString(text, message)) return "";
  return error.text().empty() ? "it is malformed" : error.text();
}

absl::Status ReadFile(absl::string_view flag, const std::string& path, Quotes quotes,
                      google::protobuf::Message* message) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::error_code ignored;
  // A folder can be opened, and read as if it were empty.
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return absl::NotFoundError(absl::StrCat(flag, ": cannot read ", path));
  }
  const std::string error = Parse(text.str(), quotes, message);
  if (error.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Invalid protobuf file: '", path, "' (", error, ")"));
}

}  // namespace

absl::Status ParseTextProto(absl::string_view what, const std::string& text, google::protobuf::Message* message) {
  const std::string error = Parse(text, Quotes::kYes, message);
  if (error.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is no text proto ", message->GetTypeName(), ": ", error));
}

absl::Status ReadTextProtoFile(absl::string_view flag, const std::string& path, google::protobuf::Message* message) {
  return ReadFile(flag, path, Quotes::kYes, message);
}

absl::Status ReadSecretTextProtoFile(absl::string_view flag, const std::string& path,
                                     google::protobuf::Message* message) {
  return ReadFile(flag, path, Quotes::kNo, message);
}

}  // namespace trilho
