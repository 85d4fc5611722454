// Looks for files of a SavedModel that are missing, as far as the others tell.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_SAVED_MODEL_FILES_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_SAVED_MODEL_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// A copy may rest for a while after the graph and before the variables, and TensorFlow loads a SavedModel without its
// variables as if it had none, to fail at the first run. So a graph that makes variables must come with an index of
// them and all shards that their names promise. Reads saved_model.pb, searching it for the names of the operations;
// saved_model.pbtxt likewise.
//
// NOT_FOUND, naming the file, if one is missing; UNAVAILABLE if the graph cannot be read.
absl::Status CheckSavedModelFiles(const std::string& folder, const FileListing& listing);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_SAVED_MODEL_FILES_H_
