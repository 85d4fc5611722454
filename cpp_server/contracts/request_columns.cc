#include "cpp_server/contracts/request_columns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/contracts/request_decoder.h"
#include "cpp_server/contracts/value_text.h"
#include "cpp_server/utf8/utf8.h"
#include "tensorflow/c/tf_tstring.h"

namespace trilho {

RequestReader::RequestReader(const ContractLayout& layout, Shapes shapes, absl::string_view request)
    : layout_(layout),
      shapes_(shapes),
      request_(request),
      tensors_(layout.tensors.size()),
      scopes_(layout.scopes.size()) {}

absl::StatusOr<RequestColumns> RequestReader::Read() {
  if (shapes_ == Shapes::kRagged) columns_.counts.resize(tensors_.size());
  if (layout_.one_shape) {
    scopes_[0].elements = 1;
    if (!Allocate() || !Walk(Pass::kOnly)) return status_;
  } else {
    if (!Walk(Pass::kCount)) return status_;
    if (scopes_[0].elements == 0) {
      return absl::InvalidArgumentError(absl::StrCat(layout_.scopes[0].path, " is empty, expected at least one"));
    }
    if (!Allocate() || !Walk(Pass::kFill)) return status_;
  }
  columns_.examples = scopes_[0].elements;
  return std::move(columns_);
}

bool RequestReader::Walk(Pass pass) {
  pass_ = pass;
  for (ScopeState& scope : scopes_) scope.elements = scope.in_parent = 0;
  for (TensorState& state : tensors_) {
    state.in_element = 0;
    state.set_in = -1;
  }
  const ContractMessage& example = layout_.messages[0];
  if (!layout_.batch()) return ReadElement(request_, 0, example);
  WireReader reader(request_);
  while (reader.NextField()) {
    if (reader.field() != layout_.batch_number || reader.type() != WireType::kLengthDelimited) {
      reader.Skip();
      continue;
    }
    const absl::string_view bytes = reader.Bytes();
    if (!reader.ok()) break;
    if (!ReadElement(bytes, 0, example)) return false;
  }
  return reader.ok() || Malformed();
}

bool RequestReader::ReadMessage(absl::string_view bytes, const ContractMessage& message) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    const ContractField* const field = message.Find(reader.field());
    const bool is_tensor = field != nullptr && field->is == ContractField::Is::kTensor;
    if (is_tensor) {
      if (!(pass_ == Pass::kCount ? Count(&reader, field->target) : Fill(&reader, field->target))) return false;
    } else if (field == nullptr || reader.type() != WireType::kLengthDelimited) {
      reader.Skip();
    } else {
      const absl::string_view nested = reader.Bytes();
      if (!reader.ok()) break;
      const ContractMessage& table = layout_.messages[static_cast<size_t>(field->message)];
      // What is single is merged by going on as if it had not ended.
      if (!(field->is == ContractField::Is::kMessage ? ReadMessage(nested, table)
                                                     : ReadElement(nested, field->target, table))) {
        return false;
      }
    }
  }
  return reader.ok() || Malformed();
}

bool RequestReader::ReadElement(absl::string_view bytes, int scope, const ContractMessage& message) {
  ScopeState& state = scopes_[static_cast<size_t>(scope)];
  ++state.elements;
  ++state.in_parent;
  return ReadMessage(bytes, message) && EndElement(scope);
}

bool RequestReader::EndElement(int scope) {
  const ContractScope& ended = layout_.scopes[static_cast<size_t>(scope)];
  for (const int index : ended.tensors) {
    if (pass_ != Pass::kFill && tensor(index).extent != Extent::kOne && !CheckCount(index)) return false;
    if (pass_ != Pass::kCount && !Commit(index)) return false;
    tensors_[static_cast<size_t>(index)].in_element = 0;
  }
  for (const int child : ended.children) {
    ScopeState& state = scopes_[static_cast<size_t>(child)];
    const ContractScope& counted = layout_.scopes[static_cast<size_t>(child)];
    if (pass_ == Pass::kCount &&
        !CheckEqual(scope, counted.path, "element", state.in_parent, &state.count, &state.first)) {
      return false;
    }
    state.in_parent = 0;
  }
  return true;
}

bool RequestReader::Count(WireReader* reader, int index) {
  const ContractTensor& counted = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  const bool delimited = reader->type() == WireType::kLengthDelimited;
  if (counted.extent == Extent::kOne) {
    reader->Skip();
  } else if (counted.value_class == ValueClass::kText) {
    if (delimited) ++state.in_element;
    reader->Skip();
  } else if (counted.value_class == ValueClass::kByteValues) {
    if (!delimited) {
      reader->Skip();
      return true;
    }
    state.text = reader->Bytes();
    state.set_in = scopes_[static_cast<size_t>(counted.scope)].elements;
  } else if (delimited) {
    const int64_t count = CountPacked(counted.kind, reader->Bytes());
    if (count < 0) return Malformed();
    state.in_element += count;
  } else {
    if (reader->type() == WireTypeOf(counted.kind)) ++state.in_element;
    reader->Skip();
  }
  return true;
}

bool RequestReader::CheckCount(int index) {
  const ContractTensor& counted = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  if (counted.value_class == ValueClass::kByteValues) {
    const bool is_set = state.set_in == scopes_[static_cast<size_t>(counted.scope)].elements;
    if (!is_set && counted.has_presence) {
      return Fail(absl::InvalidArgumentError(absl::StrCat(Path(counted), " is missing")));
    }
    state.in_element = is_set ? static_cast<int64_t>(state.text.size()) : 0;
  }
  if (counted.extent == Extent::kFixed) {
    if (state.in_element == counted.values) return true;
    return Fail(absl::InvalidArgumentError(
        absl::StrCat(Path(counted), " has ", Counted(state.in_element, "value"), ", expected ", counted.values)));
  }
  if (shapes_ == Shapes::kEqual) {
    return CheckEqual(counted.scope, counted.path, "value", state.in_element, &state.count, &state.first);
  }
  columns_.counts[static_cast<size_t>(index)].push_back(state.in_element);
  state.capacity += state.in_element;
  return true;
}

bool RequestReader::CheckEqual(int scope, absl::string_view path, const char* what, int64_t found, int64_t* count,
                               Indices* first) {
  if (*count == found) return true;
  if (*count < 0) {
    *count = found;
    *first = CurrentIndices(scope);
    return true;
  }
  const Indices here = CurrentIndices(scope);
  // A request without a batch, or a repeated message in it, is ragged within one example.
  const char* const rule = here.front() == first->front() ? "elements of one tensor must have equal shapes"
                                                          : "examples of one request must have equal shapes";
  return Fail(absl::InvalidArgumentError(absl::StrCat(PathAt(scope, here, path), " has ", Counted(found, what), ", ",
                                                      PathAt(scope, *first, path), " has ", *count, ": ", rule)));
}

bool RequestReader::Fill(WireReader* reader, int index) {
  const ContractTensor& filled = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  const bool delimited = reader->type() == WireType::kLengthDelimited;
  if (filled.value_class == ValueClass::kText || filled.value_class == ValueClass::kByteValues) {
    if (!delimited) {
      reader->Skip();
      return true;
    }
    const absl::string_view text = reader->Bytes();
    return reader->ok() ? FillText(text, index) : Malformed();
  }
  if (delimited && filled.extent != Extent::kOne) {
    const absl::string_view packed = reader->Bytes();
    return reader->ok() ? FillPacked(packed, index) : Malformed();
  }
  if (reader->type() != WireTypeOf(filled.kind)) {
    reader->Skip();
    return true;
  }
  const uint64_t bits = ReadNumber(filled.kind, reader);
  if (!reader->ok()) return Malformed();
  if (filled.extent == Extent::kOne) {
    // Another may follow, which counts instead.
    state.bits = bits;
    state.set_in = scopes_[static_cast<size_t>(filled.scope)].elements;
    return true;
  }
  const int64_t position = state.in_element++;
  if (state.filled == state.capacity) return true;
  if (!WithinLimits(filled, bits)) return FailValue(filled, Stored::End::kLimits, bits, position);
  char* const to = state.data + static_cast<size_t>(state.filled++) * filled.width;
  return StoreNumber(filled, bits, to) || FailValue(filled, Stored::End::kType, bits, position);
}

bool RequestReader::FillPacked(absl::string_view packed, int index) {
  const ContractTensor& filled = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  const int64_t count = CountPacked(filled.kind, packed);
  if (count < 0) return Malformed();
  const int64_t position = state.in_element;
  state.in_element += count;
  // Too many values are counted, and refused when all are.
  if (count > state.capacity - state.filled) {
    state.filled = state.capacity;
    return true;
  }
  const Stored stored = StorePacked(filled, packed, state.data + static_cast<size_t>(state.filled) * filled.width);
  if (stored.end == Stored::End::kMalformed) return Malformed();
  if (stored.end != Stored::End::kAll) return FailValue(filled, stored.end, stored.bits, position + stored.index);
  state.filled += count;
  return true;
}

bool RequestReader::FillText(absl::string_view text, int index) {
  const ContractTensor& filled = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  const bool many = filled.extent != Extent::kOne && filled.value_class == ValueClass::kText;
  if (filled.kind == FieldKind::kString && !IsUtf8(text)) {
    const int64_t position = many ? state.in_element : -1;
    return Fail(absl::InvalidArgumentError(absl::StrCat(Path(filled, position), " is not UTF-8")));
  }
  if (!many) {
    state.text = text;
    state.set_in = scopes_[static_cast<size_t>(filled.scope)].elements;
    return true;
  }
  const int64_t position = state.in_element++;
  if (state.filled == state.capacity) return true;
  if (!CheckText(filled, text, position)) return false;
  columns_.tensors[static_cast<size_t>(index)].set_string(state.filled++, text);
  return true;
}

bool RequestReader::CheckText(const ContractTensor& filled, absl::string_view text, int64_t index) {
  const auto& words = filled.vocabulary;
  if (words.empty() || std::binary_search(words.begin(), words.end(), text)) return true;
  return Fail(absl::InvalidArgumentError(
      absl::StrCat(Path(filled, index), " is ", QuotedText(text), ", expected one of ", filled.vocabulary_text)));
}

// What is single is written once its message has ended.
bool RequestReader::Commit(int index) {
  const ContractTensor& filled = tensor(index);
  TensorState& state = tensors_[static_cast<size_t>(index)];
  const bool is_set = state.set_in == scopes_[static_cast<size_t>(filled.scope)].elements;
  if (filled.value_class == ValueClass::kByteValues) {
    const auto size = is_set ? static_cast<int64_t>(state.text.size()) : 0;
    if (size > 0 && size <= state.capacity - state.filled) {
      std::memcpy(state.data + state.filled, state.text.data(), state.text.size());
      state.filled += size;
    }
    return true;
  }
  if (filled.extent != Extent::kOne) return true;
  if (!is_set && filled.has_presence && !filled.has_default) {
    return Fail(absl::InvalidArgumentError(absl::StrCat(Path(filled), " is missing")));
  }
  if (filled.value_class == ValueClass::kText) return CommitText(filled, &state, index, is_set);
  const uint64_t bits = is_set ? state.bits : filled.default_bits;
  // A default may be out of the limits, so that the model can tell it.
  if ((is_set || !filled.has_presence) && !WithinLimits(filled, bits)) {
    return FailValue(filled, Stored::End::kLimits, bits, -1);
  }
  char* const to = state.data + static_cast<size_t>(state.filled++) * filled.width;
  return StoreNumber(filled, bits, to) || FailValue(filled, Stored::End::kType, bits, -1);
}

bool RequestReader::CommitText(const ContractTensor& filled, TensorState* state, int index, bool is_set) {
  const absl::string_view text = is_set ? state->text : absl::string_view(filled.default_text);
  if ((is_set || !filled.has_presence) && !CheckText(filled, text, -1)) return false;
  const int64_t position = state->filled++;
  if (!text.empty()) columns_.tensors[static_cast<size_t>(index)].set_string(position, text);
  return true;
}

bool RequestReader::Allocate() {
  // In units that the bytes of a request and of a tensor can be compared in without an overflow.
  int64_t budget = kMaxUnsentBytes + kMaxBytesPerByte * static_cast<int64_t>(request_.size());
  columns_.tensors.reserve(tensors_.size());
  absl::InlinedVector<int64_t, 8> dims;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const ContractTensor& allocated = layout_.tensors[i];
    TensorState& state = tensors_[i];
    dims.clear();
    if (shapes_ == Shapes::kRagged) {
      dims.push_back(allocated.extent == Extent::kCounted ? state.capacity : scopes_[0].elements * allocated.values);
    } else {
      // From the innermost out.
      for (int s = allocated.scope; s > 0; s = layout_.scopes[static_cast<size_t>(s)].parent) {
        dims.insert(dims.begin(), std::max<int64_t>(scopes_[static_cast<size_t>(s)].count, 0));
      }
      dims.insert(dims.begin(), scopes_[0].elements);
      if (allocated.extent == Extent::kCounted) dims.push_back(std::max<int64_t>(state.count, 0));
      dims.insert(dims.end(), allocated.shape.begin(), allocated.shape.end());
    }
    const auto elements = Tensor::CountElements(dims);
    if (!elements.ok()) return Fail(elements.status());
    const auto width = static_cast<int64_t>(
        allocated.type == TF_STRING ? sizeof(TF_TString) + allocated.default_text.size() : allocated.width);
    if (!layout_.one_shape && (*elements > budget / width)) {
      return Fail(absl::InvalidArgumentError(absl::StrCat("a request of ", Counted(request_.size(), "byte"),
                                                          " needs more than ", kMaxUnsentBytes,
                                                          " bytes for fields that are not set")));
    }
    budget -= *elements * width;
    auto made = Tensor::Allocate(allocated.type, dims);
    if (!made.ok()) return Fail(made.status());
    state.capacity = *elements;
    if (allocated.type != TF_STRING) state.data = made->data<char>();
    columns_.tensors.push_back(*std::move(made));
  }
  return true;
}

bool RequestReader::Fail(absl::Status status) {
  status_ = std::move(status);
  return false;
}

bool RequestReader::Malformed() {
  return Fail(absl::InvalidArgumentError(absl::StrCat("the request is not ", WithArticle(layout_.type))));
}

bool RequestReader::FailValue(const ContractTensor& filled, Stored::End end, uint64_t bits, int64_t index) {
  return Fail(absl::InvalidArgumentError(absl::StrCat(
      Path(filled, index), " is ", NumberText(filled.value_class, bits), ", expected ",
      end == Stored::End::kLimits ? filled.limits.expected
                                  : absl::StrCat("a number that fits into ", ContractTypeName(filled.type)))));
}

RequestReader::Indices RequestReader::CurrentIndices(int scope) const {
  Indices indices;
  for (int s = scope; s >= 0; s = layout_.scopes[static_cast<size_t>(s)].parent) {
    indices.insert(indices.begin(), scopes_[static_cast<size_t>(s)].in_parent - 1);
  }
  return indices;
}

std::string RequestReader::PathAt(int scope, const Indices& indices, absl::string_view field) const {
  std::string path(field);
  for (int s = scope, i = static_cast<int>(indices.size()) - 1; s >= 0; --i) {
    const ContractScope& around = layout_.scopes[static_cast<size_t>(s)];
    // One example has no name.
    if (s > 0 || layout_.batch()) path = absl::StrCat(around.path, "[", indices[static_cast<size_t>(i)], "].", path);
    s = around.parent;
  }
  return path;
}

std::string RequestReader::Path(const ContractTensor& at, int64_t index) const {
  std::string path = PathAt(at.scope, CurrentIndices(at.scope), at.path);
  if (index >= 0) absl::StrAppend(&path, "[", index, "]");
  return path;
}

}  // namespace trilho
