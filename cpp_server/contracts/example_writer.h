// tf.Examples out of the fields of a request.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_EXAMPLE_WRITER_H_
#define TRILHO_CPP_SERVER_CONTRACTS_EXAMPLE_WRITER_H_

#include "absl/status/statusor.h"
#include "cpp_server/contracts/request_columns.h"

namespace trilho {

// Strings [examples], each a serialized tensorflow.Example with a feature for
// each tensor. `columns` are ragged, of floats, int64 and strings.
absl::StatusOr<Tensor> WriteExamples(const ContractLayout& layout, const RequestColumns& columns);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_EXAMPLE_WRITER_H_
