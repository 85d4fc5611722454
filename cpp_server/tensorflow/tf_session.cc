#include "cpp_server/tensorflow/tf_session.h"

#include "cpp_server/tensorflow/flush_denormals.h"
#include "cpp_server/tensorflow/tf_status.h"

namespace trilho {

TfSession::~TfSession() {
  // An error could only say that the session is closed already.
  TfStatus status;
  TF_CloseSession(session_, status.get());
  TF_DeleteSession(session_, status.get());
}

absl::StatusOr<std::vector<Tensor>> TfSession::Run(const TF_Buffer* run_options, const Signature& signature,
                                                   const std::vector<Tensor>& inputs,
                                                   const std::vector<int>& outputs) const {
  std::vector<TF_Output> feeds, fetches;
  std::vector<TF_Tensor*> values;
  feeds.reserve(inputs.size());
  values.reserve(inputs.size());
  fetches.reserve(outputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    feeds.push_back(signature.inputs[i].output);
    values.push_back(inputs[i].get());
  }
  for (const int output : outputs) fetches.push_back(signature.outputs[static_cast<size_t>(output)].output);

  std::vector<TF_Tensor*> results(outputs.size(), nullptr);
  TfStatus status;
  const ScopedFlushDenormals flush;
  TF_SessionRun(session_, run_options, feeds.data(), values.data(), static_cast<int>(feeds.size()), fetches.data(),
                results.data(), static_cast<int>(fetches.size()), nullptr, 0, nullptr, status.get());
  if (!status.ok()) return status.ToStatus();
  std::vector<Tensor> tensors;
  tensors.reserve(results.size());
  for (TF_Tensor* result : results) tensors.emplace_back(result);
  return tensors;
}

}  // namespace trilho
