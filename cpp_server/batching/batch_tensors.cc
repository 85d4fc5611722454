#include "cpp_server/batching/batch_tensors.h"

#include <algorithm>
#include <cstring>

#include "absl/types/span.h"
#include "cpp_server/admission/no_memory.h"

namespace trilho {
namespace {

using Dims = absl::Span<const int64_t>;

int64_t Product(Dims dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) product *= dim;
  return product;
}

// Elements [from, from + count) of one tensor to `to` of another one of its type.
class ElementCopier {
 public:
  explicit ElementCopier(TF_DataType type) : size_(type == TF_STRING ? 0 : TF_DataTypeSize(type)) {}

  void Copy(const Tensor& source, int64_t from, int64_t count, Tensor* target, int64_t to) const {
    if (count == 0) return;
    if (size_ == 0) {
      for (int64_t i = 0; i < count; ++i) target->set_string(to + i, source.string(from + i));
      return;
    }
    std::memcpy(target->data<char>() + Offset(to), source.data<char>() + Offset(from), Offset(count));
  }

  // The first element of `source`, or the default value if there is none.
  void Fill(const Tensor& source, Tensor* target, int64_t to, int64_t count) const {
    if (source.num_elements() > 0) {
      for (int64_t i = 0; i < count; ++i) Copy(source, 0, 1, target, to + i);
    } else if (size_ > 0 && count > 0) {
      std::memset(target->data<char>() + Offset(to), 0, Offset(count));
    }
  }

 private:
  size_t Offset(int64_t elements) const { return static_cast<size_t>(elements) * size_; }

  // Of a number in bytes; 0 for strings.
  const size_t size_;
};

// `inner` are the dimensions but for the first one, those of the target at
// least as large as the source's; the target's elements from `to` on.
void CopyFilled(const ElementCopier& copier, const Rows& rows, Dims source_inner, Dims target_inner, Tensor* target,
                int64_t to) {
  const int64_t width = source_inner.back(), target_width = target_inner.back();
  copier.Fill(*rows.tensor, target, to, rows.count * Product(target_inner));
  const int64_t source_row = Product(source_inner);
  if (source_row == 0) return;
  // All but the last dimension, as an odometer.
  std::vector<int64_t> index(source_inner.size() - 1, 0);
  const int64_t lines = source_row / width;
  for (int64_t row = 0; row < rows.count; ++row) {
    for (int64_t line = 0; line < lines; ++line) {
      int64_t position = row;
      for (size_t d = 0; d < index.size(); ++d) position = position * target_inner[d] + index[d];
      copier.Copy(*rows.tensor, (rows.first + row) * source_row + line * width, width, target,
                  to + position * target_width);
      for (size_t d = index.size(); d-- > 0;) {
        if (++index[d] < source_inner[d]) break;
        index[d] = 0;
      }
    }
  }
}

absl::StatusOr<Tensor> Join(const std::vector<Rows>& parts, int64_t rows) {
  std::vector<int64_t> dims = parts.front().tensor->dims();
  for (const Rows& part : parts) {
    for (size_t d = 1; d < dims.size(); ++d) dims[d] = std::max(dims[d], part.tensor->dim(static_cast<int>(d)));
  }
  dims[0] = rows;
  auto result = Tensor::Allocate(parts.front().tensor->type(), dims);
  if (!result.ok()) return result;

  const ElementCopier copier(result->type());
  const Dims inner = Dims(dims).subspan(1);
  const int64_t row_elements = Product(inner);
  int64_t filled = 0;
  for (const Rows& part : parts) {
    const std::vector<int64_t> part_dims = part.tensor->dims();
    const Dims part_inner = Dims(part_dims).subspan(1);
    if (part_inner == inner) {
      copier.Copy(*part.tensor, part.first * row_elements, part.count * row_elements, &*result, filled * row_elements);
    } else {
      CopyFilled(copier, part, part_inner, inner, &*result, filled * row_elements);
    }
    filled += part.count;
  }
  const int64_t repeated = filled - parts.back().count;
  for (; filled < rows; ++filled) {
    copier.Copy(*result, repeated * row_elements, row_elements, &*result, filled * row_elements);
  }
  return result;
}

}  // namespace

bool IsCopyable(TF_DataType type) { return type == TF_STRING || TF_DataTypeSize(type) > 0; }

absl::StatusOr<Tensor> Concatenate(const std::vector<Rows>& parts, int64_t rows) {
  // On a batch thread, where nobody else would catch it.
  return OrNoMemory([&] { return Join(parts, rows); });
}

absl::StatusOr<Tensor> CopyRows(const Rows& rows) { return Concatenate({rows}, rows.count); }

}  // namespace trilho
