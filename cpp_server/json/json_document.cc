#include "cpp_server/json/json_document.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/json/json_text.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"

namespace trilho {
namespace {

// Iterative: the depth of the text must not become the depth of our stack.
constexpr unsigned kParseFlags = rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseStopWhenDoneFlag | rapidjson::kParseFullPrecisionFlag;

constexpr size_t kMaxDebugString = 128;

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
      AppendQuoted({value.GetString(), value.GetStringLength()}, text);
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

}  // namespace

absl::Status ParseJsonObject(absl::string_view text, rapidjson::Document* document) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  document->ParseStream<kParseFlags>(stream);
  if (document->HasParseError()) {
    const auto error = document->GetParseError();
    if (error == rapidjson::kParseErrorDocumentEmpty) {
      return absl::InvalidArgumentError("JSON Parse error: The document is empty");
    }
    return absl::InvalidArgumentError(absl::StrCat("JSON Parse error: ", rapidjson::GetParseError_En(error),
                                                   " at offset: ", document->GetErrorOffset()));
  }
  if (!document->IsObject()) {
    return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(*document), " Is not object"));
  }
  return absl::OkStatus();
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
    // Not in the middle of a character.
    while (!text.empty() && !IsUtf8(text)) text.pop_back();
    text.append("...");
  }
  return text;
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
