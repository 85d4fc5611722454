// Which runs of a graph leave something changed.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_EFFECTS_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_EFFECTS_H_

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

// What an OpDef says of an operation.
struct OpKind {
  bool is_stateful = false;
  // Takes a variable of TensorFlow 1 as such, not the value of it.
  bool takes_reference = false;
};

// Returns nothing for an operation that it does not know.
using OpKindFinder = std::function<absl::optional<OpKind>(const std::string& op)>;

// Asks TensorFlow, custom operations included. `graph` outlives the finder.
OpKindFinder KindsOf(TF_Graph* graph);

// Knows for each node of a graph whether a run of it comes to an operation that may change something: a variable, a
// table, a file, a queue, the state of a generator of random numbers. An operation that is stateful, or takes a
// reference, or is unknown, counts as one, except for those that are known to read only or to keep what they hold for
// one run: variables and tables that are read, TensorArrays, assertions, and calls of functions that are free of such
// operations themselves. Everything that the node depends on counts, fed or not, and every node of a function that is
// called, at any depth.
class GraphEffects {
 public:
  // Reads a serialized MetaGraphDef, in time linear in its size.
  GraphEffects(absl::string_view meta_graph_def, const OpKindFinder& kinds);

  // Returns the operation, e.g. "AssignAddVariableOp", empty if there is none. A node that is not in the graph has the
  // operation "unknown".
  const std::string& EffectOf(absl::string_view node) const;

 private:
  // A node of the graph, or a function.
  struct Vertex {
    std::string effect;
    // Nodes that take its outputs or wait for it, and whoever calls it.
    std::vector<size_t> users;
  };

  std::vector<Vertex> vertices_;
  // Keys are owned, since the bytes may go before this object.
  std::unordered_map<std::string, size_t> nodes_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_GRAPH_EFFECTS_H_
