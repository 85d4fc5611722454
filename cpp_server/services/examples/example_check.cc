#include "cpp_server/services/examples/example_check.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/utf8/utf8.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

// Fields of tensorflow.Example, Features, an entry of its map, Feature, and each of the three lists.
enum ExampleField : uint32_t { kFeatures = 1 };
enum FeaturesField : uint32_t { kFeature = 1 };
enum EntryField : uint32_t { kName = 1, kValue = 2 };
enum FeatureField : uint32_t { kBytesList = 1, kFloatList = 2, kInt64List = 3 };
enum ListField : uint32_t { kValues = 1 };

// What stands in errors of a name.
constexpr size_t kMaxNameBytes = 100;

absl::Status Malformed() {
  return absl::InvalidArgumentError("is not a tensorflow.Example: it is cut off or malformed");
}

// Calls `check` with each value of `field`, which is length-delimited. Protobuf takes one of another type, and any
// other field, for unknown, which must be well-formed and no more.
template <typename Check>
absl::Status WalkField(absl::string_view message, uint32_t field, Check check) {
  WireReader reader(message);
  while (reader.NextField()) {
    if (reader.field() != field || reader.type() != WireType::kLengthDelimited) {
      reader.Skip();
      continue;
    }
    const absl::string_view value = reader.Bytes();
    if (!reader.ok()) break;
    absl::Status checked = check(value);
    if (!checked.ok()) return checked;
  }
  return reader.ok() ? absl::OkStatus() : Malformed();
}

// Strings may be any bytes. Numbers are in one piece, or one by one, which the walk itself has seen.
absl::Status CheckList(uint32_t kind, absl::string_view list) {
  return WalkField(list, kValues, [kind](absl::string_view values) {
    if (kind == kFloatList) return values.size() % sizeof(float) == 0 ? absl::OkStatus() : Malformed();
    if (kind != kInt64List) return absl::OkStatus();
    WireReader reader(values);
    while (reader.ok() && !reader.done()) reader.Varint();
    return reader.ok() ? absl::OkStatus() : Malformed();
  });
}

absl::Status CheckFeature(absl::string_view feature) {
  WireReader reader(feature);
  while (reader.NextField()) {
    const bool is_list = reader.field() >= kBytesList && reader.field() <= kInt64List;
    if (!is_list || reader.type() != WireType::kLengthDelimited) {
      reader.Skip();
      continue;
    }
    const absl::string_view list = reader.Bytes();
    if (!reader.ok()) break;
    absl::Status checked = CheckList(reader.field(), list);
    if (!checked.ok()) return checked;
  }
  return reader.ok() ? absl::OkStatus() : Malformed();
}

absl::Status CheckName(absl::string_view name) {
  if (IsUtf8(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("has a feature whose name is not UTF-8: \"", ValidUtf8(name, kMaxNameBytes), "\""));
}

absl::Status CheckEntry(absl::string_view entry) {
  absl::Status checked = WalkField(entry, kName, CheckName);
  return checked.ok() ? WalkField(entry, kValue, CheckFeature) : checked;
}

}  // namespace

absl::Status CheckExample(absl::string_view example) {
  return WalkField(example, kFeatures,
                   [](absl::string_view features) { return WalkField(features, kFeature, CheckEntry); });
}

}  // namespace trilho
