#include "cpp_server/services/examples/examples_input.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/services/examples/example_check.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

// Fields of tensorflow.serving.Input, and of the two lists in it.
enum InputField : uint32_t { kExampleListField = 1, kExampleListWithContextField = 2 };
enum ListField : uint32_t { kExamples = 1, kContext = 2 };

absl::Status NotAnInput() { return absl::InvalidArgumentError(""); }

absl::Status About(absl::string_view what, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", status.message()));
}

// Copies examples into a tensor, one after another.
class Filler {
 public:
  Filler(const std::string& context, Tensor* tensor) : tensor_(tensor), context_size_(context.size()), text_(context) {}

  void Add(absl::string_view example) {
    if (context_size_ == 0) return tensor_->set_string(next_++, example);
    text_.resize(context_size_);
    text_.append(example.data(), example.size());
    tensor_->set_string(next_++, text_);
  }

 private:
  Tensor* const tensor_;
  const size_t context_size_;
  // Begins with the context, whatever follows it.
  std::string text_;
  int64_t next_ = 0;
};

}  // namespace

ExamplesInput::ExamplesInput(std::vector<absl::string_view> examples, absl::string_view context)
    : kind_(Kind::kExampleListWithContext),
      size_(static_cast<int64_t>(examples.size())),
      context_(context),
      examples_(std::move(examples)) {}

absl::Status ExamplesInput::Merge(absl::string_view input) {
  WireReader reader(input);
  while (reader.NextField()) {
    const bool is_list = reader.field() == kExampleListField;
    if (!is_list && reader.field() != kExampleListWithContextField) {
      reader.Skip();
      continue;
    }
    absl::Status merged = MergeList(is_list ? Kind::kExampleList : Kind::kExampleListWithContext, reader.Bytes());
    if (!merged.ok()) return merged;
  }
  return reader.ok() ? absl::OkStatus() : NotAnInput();
}

absl::Status ExamplesInput::MergeList(Kind kind, absl::string_view list) {
  if (kind != kind_) {
    *this = ExamplesInput();
    kind_ = kind;
  }
  const int64_t size_before = size_;
  WireReader reader(list);
  while (reader.NextField()) {
    if (reader.field() == kExamples) {
      const absl::Status example = CheckExample(reader.Bytes());
      if (!example.ok()) return About(absl::StrCat("example ", size_), example);
      ++size_;
    } else if (reader.field() == kContext && kind == Kind::kExampleListWithContext) {
      // Messages are merged by joining their bytes.
      const absl::string_view context = reader.Bytes();
      const absl::Status example = CheckExample(context);
      if (!example.ok()) return About("the context", example);
      context_.append(context.data(), context.size());
    } else {
      reader.Skip();
    }
  }
  if (size_ > size_before) lists_.push_back(list);
  return reader.ok() ? absl::OkStatus() : NotAnInput();
}

absl::StatusOr<Tensor> ExamplesInput::ToTensor() const {
  if (size_ == 0) return absl::InvalidArgumentError("Input is empty.");
  if (static_cast<int64_t>(context_.size()) > kMaxRepeatedContextBytes / size_) {
    return absl::InvalidArgumentError(
        absl::StrCat("example_list_with_context: a context of ", Counted(context_.size(), "byte"), " before each of ",
                     Counted(size_, "example"), " takes more than ", kMaxRepeatedContextBytes, " bytes"));
  }
  auto tensor = Tensor::Allocate(TF_STRING, {size_});
  if (!tensor.ok()) return tensor.status();
  Filler filler(context_, &*tensor);
  for (absl::string_view example : examples_) filler.Add(example);
  for (absl::string_view list : lists_) {
    WireReader reader(list);
    while (reader.NextField()) {
      if (reader.field() == kExamples) {
        filler.Add(reader.Bytes());
      } else {
        reader.Skip();
      }
    }
  }
  return tensor;
}

}  // namespace trilho
