// What a model can be asked: its SignatureDefs, resolved against its graph.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_SIGNATURE_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_SIGNATURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "cpp_server/tensorflow/example_features.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

// The signature that a request means if it names none.
constexpr char kDefaultSignature[] = "serving_default";

// One input or output of a signature.
struct TensorInfo {
  std::string alias;
  // In the graph, e.g. "serving_default_x:0".
  std::string tensor_name;
  TF_Output output{};
  TF_DataType type = TF_FLOAT;
  // -1 for an unknown dimension; absent if the rank is unknown.
  absl::optional<std::vector<int64_t>> shape;
  // Of an input that may be left out: what is taken instead, a serialized
  // TensorProto that parses.
  absl::optional<std::string> default_value;
  // Of an output that no message holds: why, e.g. "is a sparse or composite
  // tensor"; then `output` is not set. Empty for all others.
  std::string unsendable;

  // Whether a tensor of `dims` fits.
  bool Accepts(absl::Span<const int64_t> dims) const;
};

struct Signature {
  std::string name;
  std::string method_name;
  // Sorted by alias; the order of the tensors of a run.
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  // Put together for one request and gone with it: nothing may be remembered
  // under its address.
  bool temporary = false;
  // The operation by which a run of it may change something, see GraphEffects; empty if there is none.
  std::string effect;

  // The positions of the outputs that a message holds: all that may be run.
  std::vector<int> SendableOutputs() const;

  // The position of `alias`, or -1.
  static int Find(const std::vector<TensorInfo>& tensors, absl::string_view alias);
};

using SignatureMap = std::map<std::string, Signature, std::less<>>;

// A SavedModel's MetaGraphDef, reduced to its signatures.
struct Signatures {
  SignatureMap by_name;
  // Left out of `by_name`, with the reason: an input, or each output, that no
  // message holds.
  std::map<std::string, absl::Status> unsupported;
  // A serialized tensorflow.serving.SignatureDefMap of all of them.
  std::string signature_def_map;
  // Of tf.Examples, if the graph tells; see ReadExampleFeatures.
  absl::optional<ExampleFeatures> features;

  // For an error about another name: " (signatures: a, b)".
  std::string Choices() const;
};

// Reads them out of a serialized MetaGraphDef, of whose graph nothing is parsed
// but what parses examples. DATA_LOSS if the bytes are malformed.
absl::StatusOr<Signatures> ReadSignatures(absl::string_view meta_graph_def, TF_Graph* graph);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_SIGNATURE_H_
