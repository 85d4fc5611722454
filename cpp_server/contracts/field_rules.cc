#include "cpp_server/contracts/field_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/contracts/value.h"
#include "cpp_server/contracts/value_text.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/utf8/utf8.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::FieldDescriptor;

// Wide enough to hold all of int64 and uint64 exactly.
struct Range {
  long double least;
  long double most;
};

template <typename T>
Range RangeOf() {
  return {static_cast<long double>(std::numeric_limits<T>::lowest()),
          static_cast<long double>(std::numeric_limits<T>::max())};
}

Range RangeOfInteger(TF_DataType type) {
  switch (type) {
    case TF_INT8:
      return RangeOf<int8_t>();
    case TF_UINT8:
      return RangeOf<uint8_t>();
    case TF_INT16:
      return RangeOf<int16_t>();
    case TF_UINT16:
      return RangeOf<uint16_t>();
    case TF_INT32:
      return RangeOf<int32_t>();
    case TF_UINT32:
      return RangeOf<uint32_t>();
    case TF_UINT64:
      return RangeOf<uint64_t>();
    default:
      return RangeOf<int64_t>();
  }
}

Range Intersection(Range a, Range b) { return {std::max(a.least, b.least), std::min(a.most, b.most)}; }

// The type of a tensor that holds every value of the field.
TF_DataType OwnType(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_FLOAT:
      return TF_FLOAT;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return TF_DOUBLE;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_ENUM:
      return TF_INT32;
    case FieldDescriptor::CPPTYPE_INT64:
      return TF_INT64;
    case FieldDescriptor::CPPTYPE_UINT32:
      return TF_UINT32;
    case FieldDescriptor::CPPTYPE_UINT64:
      return TF_UINT64;
    case FieldDescriptor::CPPTYPE_BOOL:
      return TF_BOOL;
    default:
      return TF_STRING;
  }
}

bool IsFloating(TF_DataType type) { return type == TF_FLOAT || type == TF_DOUBLE; }
bool IsInteger(TF_DataType own) { return own == TF_INT32 || own == TF_INT64 || own == TF_UINT32 || own == TF_UINT64; }

// What (trilho.contract.tensor).dtype may say of a field of such a type.
std::vector<TF_DataType> TypesFor(TF_DataType own, const FieldDescriptor& field, FieldsAre fields) {
  if (fields == FieldsAre::kFeatures) {
    if (IsFloating(own)) return {TF_FLOAT};
    return {own == TF_STRING ? TF_STRING : TF_INT64};
  }
  if (IsFloating(own)) return {own, own == TF_FLOAT ? TF_DOUBLE : TF_FLOAT, TF_HALF, TF_BFLOAT16};
  if (IsInteger(own)) {
    std::vector<TF_DataType> types = {own};
    for (const TF_DataType type : {TF_INT8, TF_UINT8, TF_INT16, TF_UINT16, TF_INT32, TF_UINT32, TF_INT64, TF_UINT64}) {
      if (type != own) types.push_back(type);
    }
    return types;
  }
  if (field.type() == FieldDescriptor::TYPE_BYTES && !field.is_repeated()) return {TF_STRING, TF_UINT8};
  return {own};
}

class FieldReader {
 public:
  FieldReader(const FieldDescriptor& field, FieldsAre fields, Problems* problems)
      : field_(field),
        fields_(fields),
        problems_(problems),
        options_(field.options().GetExtension(contract::tensor)),
        own_(OwnType(field)) {}

  ContractTensor Read() {
    tensor_.alias = options_.alias().empty() ? field_.name() : options_.alias();
    tensor_.location = LocationOf(field_);
    tensor_.element = field_.full_name();
    tensor_.kind = static_cast<FieldKind>(field_.type());
    tensor_.value_class = ClassOf(tensor_.kind);
    tensor_.has_presence = !field_.is_repeated() && field_.has_presence();
    if (!options_.GetReflection()->GetUnknownFields(options_).empty()) {
      Problem("(trilho.contract.tensor) says something that this version does not know");
    }
    ReadType();
    ReadShape();
    ReadLimits();
    ReadVocabulary();
    ReadDefault();
    return std::move(tensor_);
  }

 private:
  template <typename... Parts>
  void Problem(const Parts&... parts) {
    problems_->Add(field_, absl::StrCat(parts...));
  }

  std::string TypeText() const { return (field_.is_repeated() ? "repeated " : "") + std::string(field_.type_name()); }

  void ReadType() {
    const std::vector<TF_DataType> possible = TypesFor(own_, field_, fields_);
    const auto asked = static_cast<TF_DataType>(options_.dtype());
    tensor_.type = options_.dtype() == contract::FIELD ? possible.front() : asked;
    if (std::find(possible.begin(), possible.end(), tensor_.type) == possible.end()) {
      Problem("dtype ", ContractTypeName(asked), " does not hold ", WithArticle(TypeText()),
              fields_ == FieldsAre::kFeatures ? " in a tf.Example" : "", "; it can be ",
              absl::StrJoin(possible, ", ", [](std::string* out, TF_DataType t) { *out += ContractTypeName(t); }));
      tensor_.type = possible.front();
    }
    tensor_.width = tensor_.type == TF_STRING ? 0 : TF_DataTypeSize(tensor_.type);
    if (tensor_.value_class == ValueClass::kText && tensor_.type == TF_UINT8) {
      tensor_.value_class = ValueClass::kByteValues;
    }
    tensor_.same_bytes = SameBytes(tensor_.kind, tensor_.type);
  }

  void ReadShape() {
    const bool many = field_.is_repeated() || tensor_.value_class == ValueClass::kByteValues;
    tensor_.extent = many ? Extent::kCounted : Extent::kOne;
    if (options_.shape().empty()) return;
    const bool of_ones =
        std::all_of(options_.shape().begin(), options_.shape().end(), [](int64_t d) { return d == 1; });
    if (!many && !of_ones)
      return Problem("has a shape of more than one value and is a single ", TypeText(), "; make it repeated");
    if (many) tensor_.extent = Extent::kFixed;
    tensor_.shape.assign(options_.shape().begin(), options_.shape().end());
    const auto count = Tensor::CountElements(tensor_.shape);
    if (!count.ok()) return Problem(count.status().message());
    tensor_.values = *count;
    if (*count > kMaxTensorBytes / 24) Problem("shape ", ShapeString(tensor_.shape), " is too large for a request");
  }

  void ReadLimits() {
    const bool asked = options_.has_minimum() || options_.has_maximum() || options_.finite();
    if (!IsFloating(own_) && !IsInteger(own_)) {
      if (asked) Problem("has a minimum, a maximum or finite, which are for numbers, and is ", WithArticle(TypeText()));
      return;
    }
    if (std::isnan(options_.minimum()) || std::isnan(options_.maximum())) return Problem("has a limit that is NaN");
    if (options_.has_minimum() && options_.has_maximum() && options_.minimum() > options_.maximum()) {
      return Problem("minimum ", NumberText(options_.minimum()), " is greater than maximum ",
                     NumberText(options_.maximum()));
    }
    if (IsFloating(own_)) {
      if (asked) ReadFloatLimits();
    } else {
      ReadIntegerLimits();
    }
  }

  void ReadFloatLimits() {
    NumberLimits& limits = tensor_.limits;
    limits.checked = true;
    const bool is_float = own_ == TF_FLOAT;
    const double largest = is_float ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
    // As the field holds it: the float 0.1 is not above a maximum of 0.1.
    const auto rounded = [&](double limit) {
      return is_float && std::abs(limit) <= largest ? static_cast<double>(static_cast<float>(limit)) : limit;
    };
    if (options_.has_minimum()) limits.least = rounded(options_.minimum());
    if (options_.has_maximum()) limits.most = rounded(options_.maximum());
    limits.expected = RangeText(options_.has_minimum() ? NumberText(options_.minimum()) : "",
                                options_.has_maximum() ? NumberText(options_.maximum()) : "", options_.finite());
    if (options_.finite()) {
      limits.least = std::max(limits.least, -largest);
      limits.most = std::min(limits.most, largest);
    }
    if (!AnyFloatIsTaken()) Problem("no ", TypeText(), " is within its limits");
  }

  bool AnyFloatIsTaken() const {
    const NumberLimits& limits = tensor_.limits;
    if (limits.least > limits.most) return false;
    // That infinity is.
    if (std::isinf(limits.least) || std::isinf(limits.most)) return true;
    // If the one nearest to zero is too large for field or tensor, all are.
    const double nearest = std::max(limits.least, std::min(limits.most, 0.0));
    const bool is_float = own_ == TF_FLOAT;
    if (is_float && std::abs(nearest) > std::numeric_limits<float>::max()) return false;
    char stored[sizeof(uint64_t)];
    return StoreNumber(tensor_, is_float ? NumberBits(static_cast<float>(nearest)) : NumberBits(nearest), stored);
  }

  void ReadIntegerLimits() {
    NumberLimits& limits = tensor_.limits;
    const Range own = RangeOfInteger(own_);
    Range range = Intersection(own, RangeOfInteger(tensor_.type));
    if (options_.has_minimum()) range.least = std::max(range.least, std::ceil((long double)options_.minimum()));
    if (options_.has_maximum()) range.most = std::min(range.most, std::floor((long double)options_.maximum()));
    if (range.least > range.most) return Problem("no ", TypeText(), " is within its limits");
    const bool above = range.least > own.least, below = range.most < own.most;
    limits.checked = above || below;
    if (tensor_.value_class == ValueClass::kUnsigned) {
      limits.least_unsigned = static_cast<uint64_t>(range.least);
      limits.most_unsigned = static_cast<uint64_t>(range.most);
      limits.expected = RangeText(above ? absl::StrCat(limits.least_unsigned) : "",
                                  below ? absl::StrCat(limits.most_unsigned) : "", false);
    } else {
      limits.least_signed = static_cast<int64_t>(range.least);
      limits.most_signed = static_cast<int64_t>(range.most);
      limits.expected = RangeText(above ? absl::StrCat(limits.least_signed) : "",
                                  below ? absl::StrCat(limits.most_signed) : "", false);
    }
  }

  void ReadVocabulary() {
    if (options_.vocabulary().empty()) return;
    if (field_.type() != FieldDescriptor::TYPE_STRING) {
      return Problem("has a vocabulary, which is for strings, and is ", WithArticle(TypeText()));
    }
    tensor_.vocabulary.assign(options_.vocabulary().begin(), options_.vocabulary().end());
    tensor_.vocabulary_text = VocabularyText(tensor_.vocabulary);
    std::sort(tensor_.vocabulary.begin(), tensor_.vocabulary.end());
    const auto twice = std::adjacent_find(tensor_.vocabulary.begin(), tensor_.vocabulary.end());
    if (twice != tensor_.vocabulary.end()) Problem("has ", QuotedText(*twice), " in its vocabulary twice");
  }

  void ReadDefault() {
    if (options_.default_case() == contract::Tensor::DEFAULT_NOT_SET) return;
    tensor_.has_default = true;
    if (field_.is_repeated()) return Problem("has a default and is repeated");
    if (!tensor_.has_presence) {
      return Problem("has a default, and not set cannot be told from ", own_ == TF_STRING ? "empty" : "zero",
                     "; make it optional");
    }
    if (tensor_.value_class == ValueClass::kByteValues) return Problem("has a default and is many values");
    const bool is_string = options_.default_case() == contract::Tensor::kDefaultString;
    if (is_string != (own_ == TF_STRING)) {
      return Problem("has a default_", is_string ? "string" : "number", " and is ", WithArticle(TypeText()));
    }
    if (is_string) {
      tensor_.default_text = options_.default_string();
    } else {
      ReadDefaultNumber(options_.default_number());
    }
  }

  void ReadDefaultNumber(double value) {
    const auto misfit = [&] {
      Problem("default_number ", NumberText(value), " does not fit into ", ContractTypeName(tensor_.type));
    };
    switch (tensor_.value_class) {
      case ValueClass::kFloat:
        if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) return misfit();
        tensor_.default_bits = NumberBits(static_cast<float>(value));
        break;
      case ValueClass::kDouble:
        tensor_.default_bits = NumberBits(value);
        break;
      default: {
        const Range range =
            own_ == TF_BOOL ? Range{0, 1} : Intersection(RangeOfInteger(own_), RangeOfInteger(tensor_.type));
        if (!(value >= range.least && value <= range.most && std::floor(value) == value)) return misfit();
        tensor_.default_bits = tensor_.value_class == ValueClass::kSigned
                                   ? static_cast<uint64_t>(static_cast<int64_t>(value))
                                   : static_cast<uint64_t>(value);
        return;
      }
    }
    char stored[sizeof(uint64_t)];
    if (!StoreNumber(tensor_, tensor_.default_bits, stored)) misfit();
  }

  const FieldDescriptor& field_;
  const FieldsAre fields_;
  Problems* const problems_;
  const contract::Tensor& options_;
  const TF_DataType own_;
  ContractTensor tensor_;
};

}  // namespace

ContractTensor ReadTensorField(const FieldDescriptor& field, FieldsAre fields, Problems* problems) {
  return FieldReader(field, fields, problems).Read();
}

}  // namespace trilho
