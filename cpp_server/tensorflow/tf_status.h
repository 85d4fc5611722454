// TensorFlow's Status in the C API, as absl::Status.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_TF_STATUS_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_TF_STATUS_H_

#include <memory>

#include "absl/status/status.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

// Owns a TF_Status to pass to C functions. The codes of both are the same
// numbers.
class TfStatus {
 public:
  TF_Status* get() const { return status_.get(); }
  bool ok() const { return TF_GetCode(status_.get()) == TF_OK; }
  absl::Status ToStatus() const {
    if (ok()) return absl::OkStatus();
    return absl::Status(static_cast<absl::StatusCode>(TF_GetCode(status_.get())), TF_Message(status_.get()));
  }

 private:
  struct Delete {
    void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
  };
  std::unique_ptr<TF_Status, Delete> status_{TF_NewStatus()};
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_TF_STATUS_H_
