// Which features a SavedModel parses from tf.Examples.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_EXAMPLE_FEATURES_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_EXAMPLE_FEATURES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "tensorflow/c/tf_datatype.h"

namespace trilho {

// What a model looks for in each example.
struct ExampleFeature {
  // TF_FLOAT, TF_INT64 or TF_STRING.
  TF_DataType type = TF_FLOAT;
  // How many values it must have; any number if absent.
  absl::optional<int64_t> count;
  // Whether an example without it is refused.
  bool required = false;

  bool operator==(const ExampleFeature& other) const {
    return type == other.type && count == other.count && required == other.required;
  }
};

// By name.
using ExampleFeatures = std::map<std::string, ExampleFeature, std::less<>>;

// Reads them out of a serialized MetaGraphDef, of whose graph only the operations
// that parse examples are looked at. Nothing if there are none, if their features
// are not constants, or if several parse differently, of which it is not known
// which is whose.
absl::optional<ExampleFeatures> ReadExampleFeatures(absl::string_view meta_graph_def);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_EXAMPLE_FEATURES_H_
