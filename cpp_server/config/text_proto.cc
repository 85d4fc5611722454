#include "cpp_server/config/text_proto.h"

#include <errno.h>
#include <string.h>

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

// Whether what the parser says may be shown, which quotes the text.
enum class Quotes { kYes, kNo };

// Keeps the first error of a text proto, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (found_) return;
    found_ = true;
    line_ = line + 1;
    column_ = column + 1;
    message_ = message;
  }

  // Returns protobuf's words first, as it logs them for TF Serving, then `what`
  // and the place once more, for people.
  std::string Describe(absl::string_view what, const std::string& type, Quotes quotes) const {
    std::string text = absl::StrCat("Error parsing text-format ", type, ": ");
    // The parser gives no place if the message lacks something as a whole.
    if (!found_ || line_ < 1) return absl::StrCat(text, "it is malformed (", what, ")");
    absl::StrAppend(&text, line_, ":", column_);
    if (quotes == Quotes::kYes) absl::StrAppend(&text, ": ", message_);
    return absl::StrCat(text, " (", what, ", line ", line_, ", column ", column_, ")");
  }

 private:
  bool found_ = false;
  int line_ = 0;
  int column_ = 0;
  std::string message_;
};

// Returns the error of Describe, or an empty string if the text parses.
std::string Parse(absl::string_view what, const std::string& text, Quotes quotes, google::protobuf::Message* message) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kMaxDepth);
  if (parser.ParseFromString(text, message)) return "";
  return error.Describe(what, message->GetTypeName(), quotes);
}

absl::Status ReadFile(absl::string_view flag, const std::string& path, Quotes quotes,
                      google::protobuf::Message* message) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  int error = errno;
  std::stringstream text;
  text << file.rdbuf();
  std::error_code ignored;
  // A folder can be opened, and read as if it were empty.
  if (std::filesystem::is_directory(path, ignored)) error = EISDIR;
  if (!file || error == EISDIR) {
    return absl::NotFoundError(
        absl::StrCat(flag, ": cannot read ", path, error == 0 ? "" : "; ", error == 0 ? "" : strerror(error)));
  }
  const std::string problem = Parse(flag, text.str(), quotes, message);
  if (problem.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Invalid protobuf file: '", path, "': ", problem));
}

}  // namespace

absl::Status ParseTextProto(absl::string_view what, const std::string& text, google::protobuf::Message* message) {
  const std::string problem = Parse(what, text, Quotes::kYes, message);
  return problem.empty() ? absl::OkStatus() : absl::InvalidArgumentError(problem);
}

absl::Status ReadTextProtoFile(absl::string_view flag, const std::string& path, google::protobuf::Message* message) {
  return ReadFile(flag, path, Quotes::kYes, message);
}

absl::Status ReadSecretTextProtoFile(absl::string_view flag, const std::string& path,
                                     google::protobuf::Message* message) {
  return ReadFile(flag, path, Quotes::kNo, message);
}

}  // namespace trilho
