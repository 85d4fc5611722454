// Finds nodes and functions in a serialized MetaGraphDef, without parsing it.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_WIRE_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_WIRE_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {

// Fields of MetaGraphDef, GraphDef, FunctionDefLibrary, FunctionDef, OpDef and NodeDef.
constexpr uint32_t kGraphOfMetaGraph = 2;
constexpr uint32_t kNodeOfGraph = 1;
constexpr uint32_t kLibraryOfGraph = 2;
constexpr uint32_t kFunctionOfLibrary = 1;
constexpr uint32_t kSignatureOfFunction = 1;
constexpr uint32_t kNodeOfFunction = 3;
constexpr uint32_t kNameOfOp = 1;
constexpr uint32_t kNameOfNode = 1;
constexpr uint32_t kOpOfNode = 2;

// Returns the values of a length-delimited field of `message`, up to where it is malformed.
inline std::vector<absl::string_view> FieldsOf(absl::string_view message, uint32_t field) {
  std::vector<absl::string_view> found;
  WireReader reader(message);
  while (reader.NextField()) {
    if (reader.field() == field && reader.type() == WireType::kLengthDelimited) {
      found.push_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  return found;
}

// Returns the last value of such a field, empty if there is none.
inline absl::string_view TextOf(absl::string_view message, uint32_t field) {
  const auto texts = FieldsOf(message, field);
  return texts.empty() ? absl::string_view() : texts.back();
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_WIRE_H_
