#include "cpp_server/json/json_document.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/utf8/utf8.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"

namespace trilho {
namespace {

// Iterative: the depth of the text must not become the depth of our stack. Not
// kParseFullPrecisionFlag, which has undefined behaviour for 0e50; see Exact.
constexpr unsigned kParseFlags =
    rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;

constexpr size_t kMaxDebugString = 128;

constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsOfNumber(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

// The double nearest to the number that ends where `stream` is. RapidJSON's own
// `rounded` may be off in the last place.
double Exact(const rapidjson::MemoryStream& stream, double rounded) {
  // NaN, Infinity, or beyond double's range.
  if (!std::isfinite(rounded)) return rounded;
  const char* begin = stream.src_;
  while (begin > stream.begin_ && IsOfNumber(begin[-1])) --begin;
  double exact = rounded;
  const auto read = std::from_chars(begin, stream.src_, exact);
  return read.ec == std::errc() ? exact : rounded;
}

// Hands what is read on to a document, down to kMaxJsonDepth.
class BoundedHandler {
 public:
  // `stream` is what is read from: at a number's event it stands behind the number.
  BoundedHandler(const rapidjson::MemoryStream& stream, JsonDocument* document)
      : stream_(stream), document_(*document) {}

  bool too_deep() const { return depth_ > kMaxJsonDepth; }

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(int64_t value) { return document_.Int64(value); }
  bool Uint64(uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(Exact(stream_, value)); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool copy) {
    return document_.RawNumber(text, size, copy);
  }
  bool String(const char* text, rapidjson::SizeType size, bool copy) { return document_.String(text, size, copy); }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) { return document_.Key(text, size, copy); }
  bool StartObject() { return ++depth_ <= kMaxJsonDepth && document_.StartObject(); }
  bool EndObject(rapidjson::SizeType members) {
    --depth_;
    return document_.EndObject(members);
  }
  bool StartArray() { return ++depth_ <= kMaxJsonDepth && document_.StartArray(); }
  bool EndArray(rapidjson::SizeType elements) {
    --depth_;
    return document_.EndArray(elements);
  }

 private:
  const rapidjson::MemoryStream& stream_;
  JsonDocument& document_;
  int depth_ = 0;
};

void AppendDebugString(const JsonValue& value, std::string* text) {
  if (text->size() > kMaxDebugString) return;
  switch (value.GetType()) {
    case rapidjson::kNullType:
      text->append("null");
      return;
    case rapidjson::kFalseType:
      text->append("false");
      return;
    case rapidjson::kTrueType:
      text->append("true");
      return;
    case rapidjson::kStringType:
      // One byte beyond the limit shows that it was cut.
      AppendQuoted(absl::string_view(value.GetString(), value.GetStringLength()).substr(0, kMaxDebugString + 1), text);
      return;
    case rapidjson::kNumberType:
      if (value.IsUint64()) {
        absl::StrAppend(text, value.GetUint64());
      } else if (value.IsInt64()) {
        absl::StrAppend(text, value.GetInt64());
      } else {
        AppendNumber(value.GetDouble(), text);
      }
      return;
    case rapidjson::kArrayType: {
      text->append("[");
      const char* separator = "";
      for (const JsonValue& element : value.GetArray()) {
        text->append(separator);
        AppendDebugString(element, text);
        separator = ", ";
        if (text->size() > kMaxDebugString) return;
      }
      text->append("]");
      return;
    }
    case rapidjson::kObjectType: {
      text->append("{");
      const char* separator = "";
      for (const auto& member : value.GetObject()) {
        text->append(separator);
        AppendDebugString(member.name, text);
        text->append(": ");
        AppendDebugString(member.value, text);
        separator = ", ";
        if (text->size() > kMaxDebugString) return;
      }
      text->append("}");
      return;
    }
  }
}

absl::Status Parse(absl::string_view text, JsonDocument* document) {
  const size_t start = absl::StartsWith(text, kByteOrderMark) ? kByteOrderMark.size() : 0;
  rapidjson::MemoryStream stream(text.data() + start, text.size() - start);
  JsonReader reader;
  absl::Status status;
  auto parse = [&](JsonDocument& target) {
    BoundedHandler handler(stream, &target);
    const rapidjson::ParseResult result = reader.Parse<kParseFlags>(stream, handler);
    if (!result.IsError()) return true;
    if (result.Code() == rapidjson::kParseErrorDocumentEmpty) {
      status = absl::InvalidArgumentError("JSON Parse error: The document is empty");
      return false;
    }
    const std::string reason = handler.too_deep() ? absl::StrCat("Nested deeper than ", kMaxJsonDepth, " levels")
                                                  : rapidjson::GetParseError_En(result.Code());
    status =
        absl::InvalidArgumentError(absl::StrCat("JSON Parse error: ", reason, " at offset: ", start + result.Offset()));
    return false;
  };
  document->Populate(parse);
  if (!status.ok()) return status;
  if (!document->IsObject()) {
    return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(*document), " Is not object"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseJsonObject(absl::string_view text, JsonDocument* document) {
  return OrNoMemory([&] { return Parse(text, document); });
}

const char* JsonTypeName(const JsonValue& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "Null";
    case rapidjson::kFalseType:
      return "False";
    case rapidjson::kTrueType:
      return "True";
    case rapidjson::kObjectType:
      return "Object";
    case rapidjson::kArrayType:
      return "Array";
    case rapidjson::kStringType:
      return "String";
    case rapidjson::kNumberType:
      return "Number";
  }
  return "Unknown";
}

std::string JsonDebugString(const JsonValue& value) {
  std::string text;
  AppendDebugString(value, &text);
  if (text.size() > kMaxDebugString) {
    text.resize(kMaxDebugString);
    // Not in the middle of a character: one that is cut lacks three bytes at most.
    for (int i = 0; i < 3 && !IsUtf8(text); ++i) text.pop_back();
    text.append("...");
  }
  return ValidUtf8(text);
}

bool IsBase64Object(const JsonValue& value) {
  return value.IsObject() && value.MemberCount() == 1 && value.HasMember("b64");
}

absl::Status ReadJsonBytes(const JsonValue& value, std::string* bytes) {
  if (value.IsString()) {
    bytes->assign(value.GetString(), value.GetStringLength());
    return absl::OkStatus();
  }
  if (!IsBase64Object(value) || !value["b64"].IsString()) {
    return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(value),
                                                   " Type: ", JsonTypeName(value), " is not of expected type: string"));
  }
  const JsonValue& encoded = value["b64"];
  if (!absl::Base64Unescape({encoded.GetString(), encoded.GetStringLength()}, bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Unable to base64 decode from JSON Value: ", JsonDebugString(value)));
  }
  return absl::OkStatus();
}

}  // namespace trilho
