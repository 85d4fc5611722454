#include "cpp_server/wire/tensor_layout.h"

namespace trilho {

ElementLayout LayoutOf(TF_DataType type) {
  switch (type) {
    case TF_FLOAT:
      return {kFloatVal, ElementEncoding::kFixed, 4, 4};
    case TF_DOUBLE:
      return {kDoubleVal, ElementEncoding::kFixed, 8, 8};
    case TF_COMPLEX64:
      return {kComplexFloatVal, ElementEncoding::kFixed, 8, 4};
    case TF_COMPLEX128:
      return {kComplexDoubleVal, ElementEncoding::kFixed, 16, 8};
    case TF_INT32:
    case TF_QINT32:
      return {kIntVal, ElementEncoding::kVarint, 4, 0};
    case TF_INT16:
    case TF_UINT16:
    case TF_QINT16:
    case TF_QUINT16:
      return {kIntVal, ElementEncoding::kVarint, 2, 0};
    case TF_INT8:
    case TF_UINT8:
    case TF_QINT8:
    case TF_QUINT8:
      return {kIntVal, ElementEncoding::kVarint, 1, 0};
    case TF_HALF:
    case TF_BFLOAT16:
      return {kHalfVal, ElementEncoding::kVarint, 2, 0};
    case TF_INT64:
      return {kInt64Val, ElementEncoding::kVarint, 8, 0};
    case TF_BOOL:
      return {kBoolVal, ElementEncoding::kVarint, 1, 0};
    case TF_UINT32:
      return {kUint32Val, ElementEncoding::kVarint, 4, 0};
    case TF_UINT64:
      return {kUint64Val, ElementEncoding::kVarint, 8, 0};
    case TF_STRING:
      return {kStringVal, ElementEncoding::kBytes, 0, 0};
    default:
      return {0, ElementEncoding::kNone, 0, 0};
  }
}

}  // namespace trilho
