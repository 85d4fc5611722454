#include "cpp_server/metrics/labelled_series.h"

#include "cpp_server/utf8/utf8.h"

namespace trilho {

std::string LabelValue(absl::string_view value) { return ValidUtf8(value, kMaxLabelBytes); }

LabelKey::LabelKey(absl::Span<const absl::string_view> values) {
  for (absl::string_view value : values) {
    // The size in front, since a value may hold whatever could separate two of them.
    const size_t size = value.size();
    const char* const size_bytes = reinterpret_cast<const char*>(&size);
    bytes_.insert(bytes_.end(), size_bytes, size_bytes + sizeof(size));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
}

}  // namespace trilho
