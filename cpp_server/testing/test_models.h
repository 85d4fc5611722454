// Where tests find the SavedModels that make_models.py writes.

#ifndef TRILHO_CPP_SERVER_TESTING_TEST_MODELS_H_
#define TRILHO_CPP_SERVER_TESTING_TEST_MODELS_H_

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

namespace trilho {

// The folder of a model, which holds its versions 1 and 2.
inline std::string TestModel(const std::string& model) {
  const char* runfiles = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  return absl::StrCat(runfiles == nullptr ? "." : runfiles, "/", workspace == nullptr ? "" : workspace,
                      "/cpp_server/testing/models/", model);
}

inline std::string TestModel(const std::string& model, int version) {
  return absl::StrCat(TestModel(model), "/", version);
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TESTING_TEST_MODELS_H_
