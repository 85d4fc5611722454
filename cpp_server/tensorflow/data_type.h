// Element types under the names that TensorFlow's messages use.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_DATA_TYPE_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_DATA_TYPE_H_

#include <string>

#include "tensorflow/c/tf_datatype.h"

namespace trilho {

// "float", "int32", ...; "unknown dtype enum (N)" for a number that is no type.
// TF_DataType's numbers are those of tensorflow.DataType.
std::string DataTypeName(TF_DataType type);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_DATA_TYPE_H_
