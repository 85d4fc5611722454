#include "cpp_server/tensorflow/example_features.h"

#include <map>
#include <utility>
#include <vector>

#include "cpp_server/tensorflow/graph_wire.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/wire/tensor_proto.h"
#include "tensorflow/core/framework/node_def.pb.h"

namespace trilho {
namespace {

using tensorflow::NodeDef;

// What tf.io.parse_example becomes. Its inputs: examples, their names, the keys of sparse, dense and ragged features,
// and a default for each dense one.
constexpr char kParse[] = "ParseExampleV2";
constexpr int kKeysAt = 2;
constexpr int kDefaultsAt = 5;

// The nodes of a graph or of a function.
class Body {
 public:
  explicit Body(std::vector<absl::string_view> nodes) : nodes_(std::move(nodes)) {}

  std::vector<NodeDef> Parsers() const {
    std::vector<NodeDef> parsers;
    for (const absl::string_view node : nodes_) {
      if (TextOf(node, kOpOfNode) != kParse) continue;
      parsers.emplace_back();
      if (!parsers.back().ParseFromArray(node.data(), static_cast<int>(node.size()))) parsers.pop_back();
    }
    return parsers;
  }

  // What `input` of a node is, if it is a constant; it names "NODE:output:0" in a function, "NODE" outside.
  absl::optional<tensorflow::TensorProto> Constant(const NodeDef& user, int input) const {
    if (input >= user.input_size()) return absl::nullopt;
    if (by_name_.empty()) {
      for (const absl::string_view node : nodes_) by_name_.emplace(TextOf(node, kNameOfNode), node);
    }
    const absl::string_view name = absl::string_view(user.input(input)).substr(0, user.input(input).find(':'));
    const auto node = by_name_.find(name);
    NodeDef constant;
    if (node == by_name_.end() ||
        !constant.ParseFromArray(node->second.data(), static_cast<int>(node->second.size())) ||
        constant.op() != "Const") {
      return absl::nullopt;
    }
    const auto value = constant.attr().find("value");
    if (value == constant.attr().end()) return absl::nullopt;
    return value->second.tensor();
  }

  absl::optional<std::vector<std::string>> Strings(const NodeDef& user, int input) const {
    const auto constant = Constant(user, input);
    if (!constant) return absl::nullopt;
    const auto tensor = ParseTensorProto(constant->SerializeAsString());
    if (!tensor.ok() || tensor->type() != TF_STRING) return absl::nullopt;
    std::vector<std::string> strings;
    strings.reserve(static_cast<size_t>(tensor->num_elements()));
    for (int64_t i = 0; i < tensor->num_elements(); ++i) strings.emplace_back(tensor->string(i));
    return strings;
  }

 private:
  std::vector<absl::string_view> nodes_;
  // Made for the first that asks: most functions parse no examples, and one that does may have a default for each of
  // thousands of features.
  mutable std::map<absl::string_view, absl::string_view> by_name_;
};

std::vector<TF_DataType> TypesOf(const NodeDef& node, const char* attribute) {
  std::vector<TF_DataType> types;
  const auto found = node.attr().find(attribute);
  if (found == node.attr().end()) return types;
  for (const int type : found->second.list().type()) types.push_back(static_cast<TF_DataType>(type));
  return types;
}

bool IsEmpty(const tensorflow::TensorProto& tensor) {
  int64_t size = 1;
  for (const auto& dim : tensor.tensor_shape().dim()) size *= dim.size();
  return size == 0;
}

// The number of values of a shape; nothing if that is not known.
absl::optional<int64_t> CountOf(const tensorflow::TensorShapeProto& shape) {
  if (shape.unknown_rank()) return absl::nullopt;
  std::vector<int64_t> dims;
  for (const auto& dim : shape.dim()) dims.push_back(dim.size());
  const auto count = Tensor::CountElements(dims);
  if (!count.ok()) return absl::nullopt;
  return *count;
}

absl::optional<ExampleFeatures> FeaturesOf(const NodeDef& node, const Body& body) {
  const auto sparse = body.Strings(node, kKeysAt);
  const auto dense = body.Strings(node, kKeysAt + 1);
  const auto ragged = body.Strings(node, kKeysAt + 2);
  const auto sparse_types = TypesOf(node, "sparse_types");
  const auto dense_types = TypesOf(node, "Tdense");
  const auto ragged_types = TypesOf(node, "ragged_value_types");
  const auto shapes = node.attr().find("dense_shapes");
  if (!sparse || !dense || !ragged || sparse->size() != sparse_types.size() || dense->size() != dense_types.size() ||
      ragged->size() != ragged_types.size() || shapes == node.attr().end() ||
      static_cast<size_t>(shapes->second.list().shape_size()) != dense->size()) {
    return absl::nullopt;
  }
  ExampleFeatures features;
  for (size_t i = 0; i < sparse->size(); ++i) features[(*sparse)[i]] = {sparse_types[i], absl::nullopt, false};
  for (size_t i = 0; i < ragged->size(); ++i) features[(*ragged)[i]] = {ragged_types[i], absl::nullopt, false};
  for (size_t i = 0; i < dense->size(); ++i) {
    const auto count = CountOf(shapes->second.list().shape(static_cast<int>(i)));
    // No default is a default without elements; one that is computed has some.
    const auto value = body.Constant(node, kDefaultsAt + static_cast<int>(i));
    features[(*dense)[i]] = {dense_types[i], count, count.has_value() && value.has_value() && IsEmpty(*value)};
  }
  return features;
}

}  // namespace

absl::optional<ExampleFeatures> ReadExampleFeatures(absl::string_view meta_graph_def) {
  std::vector<Body> bodies;
  for (const absl::string_view graph : FieldsOf(meta_graph_def, kGraphOfMetaGraph)) {
    bodies.emplace_back(FieldsOf(graph, kNodeOfGraph));
    for (const absl::string_view library : FieldsOf(graph, kLibraryOfGraph)) {
      for (const absl::string_view function : FieldsOf(library, kFunctionOfLibrary)) {
        bodies.emplace_back(FieldsOf(function, kNodeOfFunction));
      }
    }
  }
  absl::optional<ExampleFeatures> found;
  for (const Body& body : bodies) {
    for (const NodeDef& node : body.Parsers()) {
      auto features = FeaturesOf(node, body);
      if (!features || (found && *found != *features)) return absl::nullopt;
      found = std::move(features);
    }
  }
  return found;
}

}  // namespace trilho
