#include "cpp_server/tensorflow/example_features.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tensorflow/core/protobuf/meta_graph.pb.h"

namespace trilho {
namespace {

// MetaGraphDefs whose nodes parse examples; what real models have is looked at in contracts/contract_service_test.cc.
class ExampleFeaturesTest : public ::testing::Test {
 protected:
  template <typename Body>
  void AddConstant(Body* nodes, const std::string& name, const std::vector<std::string>& values) {
    tensorflow::NodeDef& node = *nodes->Add();
    node.set_name(name);
    node.set_op("Const");
    tensorflow::TensorProto& tensor = *(*node.mutable_attr())["value"].mutable_tensor();
    tensor.set_dtype(tensorflow::DT_STRING);
    tensor.mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(values.size()));
    for (const std::string& value : values) tensor.add_string_val(value);
  }

  // Looks for the dense float x of [2, 3], without a default; the dense string `name`, with one; and the sparse int64
  // "tags". Inputs are named as in a function, or as outside.
  template <typename Body>
  void AddParser(Body* nodes, const std::string& name = "name", const std::string& output = "") {
    AddConstant(nodes, "sparse", {"tags"});
    AddConstant(nodes, "dense", {"x", name});
    AddConstant(nodes, "ragged", {});
    AddConstant(nodes, "none", {});
    AddConstant(nodes, "nobody", {"nobody"});
    tensorflow::NodeDef& node = *nodes->Add();
    node.set_name("parse");
    node.set_op("ParseExampleV2");
    for (const char* const input : {"serialized", "names", "sparse", "dense", "ragged", "none", "nobody"}) {
      node.add_input(input + output);
    }
    auto& attributes = *node.mutable_attr();
    attributes["sparse_types"].mutable_list()->add_type(tensorflow::DT_INT64);
    attributes["ragged_value_types"].mutable_list();
    attributes["Tdense"].mutable_list()->add_type(tensorflow::DT_FLOAT);
    attributes["Tdense"].mutable_list()->add_type(tensorflow::DT_STRING);
    auto* const shapes = attributes["dense_shapes"].mutable_list();
    auto* const shape = shapes->add_shape();
    shape->add_dim()->set_size(2);
    shape->add_dim()->set_size(3);
    shapes->add_shape();
  }

  auto* Nodes() { return meta_graph_.mutable_graph_def()->mutable_node(); }
  auto* NodesOfAFunction() {
    return meta_graph_.mutable_graph_def()->mutable_library()->add_function()->mutable_node_def();
  }
  absl::optional<ExampleFeatures> Read() const { return ReadExampleFeatures(meta_graph_.SerializeAsString()); }

  tensorflow::MetaGraphDef meta_graph_;
  const ExampleFeatures expected_ = {
      {"name", {TF_STRING, 1, false}}, {"tags", {TF_INT64, absl::nullopt, false}}, {"x", {TF_FLOAT, 6, true}}};
};

TEST_F(ExampleFeaturesTest, AreThoseOfTheGraph) {
  AddParser(Nodes());
  EXPECT_EQ(Read(), expected_);
}

TEST_F(ExampleFeaturesTest, AreThoseOfItsFunctions) {
  AddParser(NodesOfAFunction(), "name", ":output:0");
  EXPECT_EQ(Read(), expected_);
}

TEST_F(ExampleFeaturesTest, AreKnownIfAllParseAlike) {
  AddParser(NodesOfAFunction());
  AddParser(NodesOfAFunction());
  EXPECT_EQ(Read(), expected_);
  AddParser(NodesOfAFunction(), "surname");
  EXPECT_EQ(Read(), absl::nullopt);
}

TEST_F(ExampleFeaturesTest, AreNotKnownWithoutAParserOrItsConstants) {
  EXPECT_EQ(Read(), absl::nullopt);
  AddParser(Nodes());
  auto& parser = *Nodes()->rbegin();
  parser.set_input(3, "computed");
  EXPECT_EQ(Read(), absl::nullopt);
  parser.set_input(3, "dense");
  (*parser.mutable_attr())["Tdense"].mutable_list()->add_type(tensorflow::DT_FLOAT);
  EXPECT_EQ(Read(), absl::nullopt);
}

TEST_F(ExampleFeaturesTest, ADefaultThatIsComputedIsOne) {
  AddParser(Nodes());
  Nodes()->rbegin()->set_input(5, "computed");
  EXPECT_FALSE(Read()->at("x").required);
}

TEST_F(ExampleFeaturesTest, AnUnknownNumberOfValuesIsAny) {
  AddParser(Nodes());
  (*Nodes()->rbegin()->mutable_attr())["dense_shapes"].mutable_list()->mutable_shape(0)->mutable_dim(0)->set_size(-1);
  EXPECT_EQ(Read()->at("x"), (ExampleFeature{TF_FLOAT, absl::nullopt, false}));
}

TEST_F(ExampleFeaturesTest, OfBytesThatAreNoGraphAreNotKnown) {
  EXPECT_EQ(ReadExampleFeatures("\x12\xff"), absl::nullopt);
}

}  // namespace
}  // namespace trilho
