// TensorFlow's session and graph, owned.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_TF_SESSION_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_TF_SESSION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

struct DeleteTfBuffer {
  void operator()(TF_Buffer* buffer) const { TF_DeleteBuffer(buffer); }
};
using TfBuffer = std::unique_ptr<TF_Buffer, DeleteTfBuffer>;

inline TfBuffer NewTfBuffer(const std::string& bytes) {
  return TfBuffer(TF_NewBufferFromString(bytes.data(), bytes.size()));
}

struct DeleteTfGraph {
  void operator()(TF_Graph* graph) const { TF_DeleteGraph(graph); }
};
using TfGraph = std::unique_ptr<TF_Graph, DeleteTfGraph>;

// Thread-safe.
class TfSession {
 public:
  // Takes `session`, which must not be null, and its graph.
  TfSession(TfGraph graph, TF_Session* session) : graph_(std::move(graph)), session_(session) {}
  ~TfSession();
  TfSession(const TfSession&) = delete;
  TfSession& operator=(const TfSession&) = delete;

  TF_Graph* graph() const { return graph_.get(); }

  // Runs the graph as `run_options`, a serialized RunOptions that may be null, say. See SavedModel::Run for the rest.
  absl::StatusOr<std::vector<Tensor>> Run(const TF_Buffer* run_options, const Signature& signature,
                                          const std::vector<Tensor>& inputs, const std::vector<int>& outputs) const;

 private:
  const TfGraph graph_;
  // Closed and deleted by the destructor, before the graph.
  TF_Session* const session_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_TF_SESSION_H_
