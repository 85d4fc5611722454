// The walk over a serialized request that fills its tensors.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_REQUEST_COLUMNS_H_
#define TRILHO_CPP_SERVER_CONTRACTS_REQUEST_COLUMNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/contracts/layout.h"
#include "cpp_server/contracts/value.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {

// Where counted fields may have another number of values in each example.
enum class Shapes { kEqual, kRagged };

struct RequestColumns {
  int64_t examples = 0;
  // One for each of the layout's, of its shape; with kRagged of one dimension,
  // the values of all examples one after another.
  std::vector<Tensor> tensors;
  // With kRagged, how many values of each tensor each example has; of counted
  // ones only.
  std::vector<std::vector<int64_t>> counts;
};

// Reads one request, at most twice: where shapes are not known, once to count.
class RequestReader {
 public:
  // Both outlive the reader; a ragged layout has one scope.
  RequestReader(const ContractLayout& layout, Shapes shapes, absl::string_view request);

  // Once. Errors as DecodeRequest's.
  absl::StatusOr<RequestColumns> Read();

 private:
  enum class Pass { kCount, kFill, kOnly };
  // Which element of each scope around something; deeper than this is rare.
  using Indices = absl::InlinedVector<int64_t, 4>;

  struct TensorState {
    // Of the tensor to fill; null of strings.
    char* data = nullptr;
    // Elements it has, and those filled.
    int64_t capacity = 0;
    int64_t filled = 0;
    // Of the current element of its scope.
    int64_t in_element = 0;
    // The element of its scope in which it was last set, and to what.
    int64_t set_in = -1;
    uint64_t bits = 0;
    absl::string_view text;
    // What each element has; -1 until the first has ended, which was at `first`.
    int64_t count = -1;
    Indices first;
  };
  struct ScopeState {
    int64_t elements = 0;
    int64_t in_parent = 0;
    int64_t count = -1;
    Indices first;
  };

  // All return false after an error, which is status_.
  bool Walk(Pass pass);
  bool ReadMessage(absl::string_view bytes, const ContractMessage& message);
  bool ReadElement(absl::string_view bytes, int scope, const ContractMessage& message);
  bool EndElement(int scope);
  bool Count(WireReader* reader, int index);
  bool Fill(WireReader* reader, int index);
  bool FillText(absl::string_view text, int index);
  bool FillPacked(absl::string_view packed, int index);
  bool CheckCount(int index);
  bool Commit(int index);
  bool CommitText(const ContractTensor& tensor, TensorState* state, int index, bool is_set);
  bool CheckText(const ContractTensor& tensor, absl::string_view text, int64_t index);
  bool CheckEqual(int scope, absl::string_view path, const char* what, int64_t found, int64_t* count, Indices* first);
  bool Allocate();

  bool Fail(absl::Status status);
  bool Malformed();
  bool FailValue(const ContractTensor& tensor, Stored::End end, uint64_t bits, int64_t index);

  const ContractTensor& tensor(int i) const { return layout_.tensors[static_cast<size_t>(i)]; }
  Indices CurrentIndices(int scope) const;
  // "people[3].address.city"; of a field of a scope's element.
  std::string PathAt(int scope, const Indices& indices, absl::string_view field) const;
  std::string Path(const ContractTensor& tensor, int64_t index = -1) const;

  const ContractLayout& layout_;
  const Shapes shapes_;
  const absl::string_view request_;
  Pass pass_ = Pass::kOnly;
  absl::Status status_;
  absl::InlinedVector<TensorState, 16> tensors_;
  absl::InlinedVector<ScopeState, 4> scopes_;
  RequestColumns columns_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_REQUEST_COLUMNS_H_
