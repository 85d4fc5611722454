#include "cpp_server/tensorflow/op_library.h"

#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/tf_status.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

absl::Status LoadOpLibrary(const std::string& path) {
  TfStatus status;
  TF_Library* const library = TF_LoadLibrary(path.c_str(), status.get());
  if (!status.ok()) {
    const absl::Status reason = status.ToStatus();
    return absl::Status(reason.code(), absl::StrCat("--op_library: cannot load ", path, ": ", reason.message()));
  }
  // Of the handle only: the library stays.
  TF_DeleteLibraryHandle(library);
  return absl::OkStatus();
}

}  // namespace trilho
