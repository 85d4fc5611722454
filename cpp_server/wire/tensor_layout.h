// Where in a TensorProto the elements of each type stand.

#ifndef TRILHO_CPP_SERVER_WIRE_TENSOR_LAYOUT_H_
#define TRILHO_CPP_SERVER_WIRE_TENSOR_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/c/tf_datatype.h"

namespace trilho {

// Fields of tensorflow.TensorProto.
enum TensorProtoField : uint32_t {
  kDtype = 1,
  kShape = 2,
  kContent = 4,
  kFloatVal = 5,
  kDoubleVal = 6,
  kIntVal = 7,
  kStringVal = 8,
  kComplexFloatVal = 9,
  kInt64Val = 10,
  kBoolVal = 11,
  kComplexDoubleVal = 12,
  kHalfVal = 13,
  kUint32Val = 16,
  kUint64Val = 17,
};
// Of TensorShapeProto and TensorShapeProto.Dim.
enum ShapeField : uint32_t { kShapeDim = 2, kShapeUnknownRank = 3, kDimSize = 1 };

// How the elements of a type stand in its typed field.
enum class ElementEncoding { kNone, kFixed, kVarint, kBytes };
struct ElementLayout {
  uint32_t field;
  ElementEncoding encoding;
  // Bytes of an element, and of one value on the wire if fixed: a complex
  // element is two values.
  size_t element;
  size_t value;
};

// kNone for a type that cannot be sent.
ElementLayout LayoutOf(TF_DataType type);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WIRE_TENSOR_LAYOUT_H_
