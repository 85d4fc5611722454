// Builds values of one RapidJSON document.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_JSON_BUILDER_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_JSON_BUILDER_H_

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {

// The document's allocator outlives the builder and what it builds. Text that is not UTF-8 is made so.
class JsonBuilder {
 public:
  using Allocator = JsonDocument::AllocatorType;

  explicit JsonBuilder(Allocator* allocator) : allocator_(*allocator) {}

  static JsonValue Object() { return JsonValue(rapidjson::kObjectType); }
  static JsonValue List() { return JsonValue(rapidjson::kArrayType); }
  JsonValue Text(absl::string_view text) const {
    const std::string valid = ValidUtf8(text);
    return {valid.data(), static_cast<rapidjson::SizeType>(valid.size()), allocator_};
  }
  JsonValue Copy(const JsonValue& value) const { return {value, allocator_}; }

  void Put(JsonValue* object, absl::string_view key, JsonValue value) const {
    object->AddMember(Text(key), std::move(value), allocator_);
  }
  void Put(JsonValue* object, absl::string_view key, absl::string_view text) const { Put(object, key, Text(text)); }
  void Add(JsonValue* list, JsonValue value) const { list->PushBack(std::move(value), allocator_); }

  // {"KEY": VALUE}
  JsonValue Single(absl::string_view key, JsonValue value) const {
    JsonValue object = Object();
    Put(&object, key, std::move(value));
    return object;
  }

  // A schema of a type, e.g. "array".
  JsonValue Type(absl::string_view type) const { return Single("type", Text(type)); }

  // A reference to a schema of the document.
  JsonValue Reference(absl::string_view schema) const {
    return Single("$ref", Text(absl::StrCat("#/components/schemas/", schema)));
  }

 private:
  Allocator& allocator_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_JSON_BUILDER_H_
