#include "cpp_server/tensorflow/graph_effects.h"

#include <deque>
#include <memory>
#include <unordered_set>
#include <utility>

#include "cpp_server/tensorflow/graph_wire.h"
#include "cpp_server/tensorflow/tf_status.h"
#include "cpp_server/wire/wire_reader.h"
#include "tensorflow/core/framework/node_def.pb.h"

namespace trilho {
namespace {

using tensorflow::AttrValue;
using tensorflow::NodeDef;

// Fields of NodeDef, OpDef and OpDef.ArgDef.
constexpr uint32_t kInputOfNode = 3;
constexpr uint32_t kInputOfOp = 2;
constexpr uint32_t kIsStatefulOfOp = 17;
constexpr uint32_t kIsReferenceOfArgument = 16;

constexpr char kUnknown[] = "unknown";

// Stateful operations, and those that take references, that change nothing outlasting the run.
bool IsHarmless(const std::string& op) {
  static const auto& ops =
      *std::make_unique<const std::unordered_set<std::string>>(
           std::initializer_list<std::string>{
               // Variables that are read.
               "VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape",
               "VarIsInitializedOp", "Variable", "VariableV2", "IsVariableInitialized", "RefIdentity", "RefEnter",
               "RefExit", "RefNextIteration", "RefMerge", "RefSwitch", "RefSelect",
               // Tables that are read.
               "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableHashTableOfTensors",
               "MutableHashTableOfTensorsV2", "MutableDenseHashTable", "MutableDenseHashTableV2", "LookupTableFind",
               "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "LookupTableExport", "LookupTableExportV2",
               "BoostedTreesEnsembleResourceHandleOp", "BoostedTreesPredict",
               // What they hold is of one run.
               "TensorArrayV3", "TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3",
               "TensorArrayScatterV3", "TensorArrayConcatV3", "TensorArraySplitV3", "TensorArraySizeV3",
               "TensorArrayCloseV3", "StackV2", "StackPushV2", "StackPopV2", "StackCloseV2",
               // Called stateful so that they are not optimized away.
               "Assert", "CheckNumerics", "CheckNumericsV2", "GuaranteeConst", "Empty", "StatelessRandomGetAlg",
               // They do what their functions do, which are looked at.
               "StatefulPartitionedCall", "If", "While", "Case"})
           .release();
  return ops.count(op) > 0;
}

// Operations that TensorFlow calls stateless: these write what they see to a file or a server, call Python, compute a
// function that is not in the graph, or go on in threads of their own.
bool IsHarmful(const std::string& op) {
  return op == "DebugIdentity" || op == "DebugNanCount" || op == "DebugNumericSummary" || op == "PyFuncStateless" ||
         op == "SymbolicGradient" || op == "BatchFunction" || op == "TPUPartitionedCall" || op == "XlaLaunchV2";
}

void AddFunctions(const AttrValue& value, std::vector<std::string>* functions);

void AddFunctions(const tensorflow::NameAttrList& function, std::vector<std::string>* functions) {
  if (!function.name().empty()) functions->push_back(function.name());
  for (const auto& entry : function.attr()) AddFunctions(entry.second, functions);
}

// Nested no deeper than protobuf parses.
void AddFunctions(const AttrValue& value, std::vector<std::string>* functions) {
  if (value.has_func()) AddFunctions(value.func(), functions);
  if (!value.has_list()) return;
  for (const auto& function : value.list().func()) AddFunctions(function, functions);
}

// One of "node", "node:0" and "^node".
std::string NodeOf(absl::string_view input) {
  if (!input.empty() && input.front() == '^') input.remove_prefix(1);
  return std::string(input.substr(0, input.find(':')));
}

class KindCache {
 public:
  explicit KindCache(const OpKindFinder& find) : find_(find) {}

  bool HasEffect(const std::string& op) {
    const auto [known, is_new] = effects_.try_emplace(op, true);
    if (is_new) known->second = Judge(op);
    return known->second;
  }

 private:
  bool Judge(const std::string& op) const {
    if (IsHarmful(op)) return true;
    const absl::optional<OpKind> kind = find_(op);
    if (!kind) return true;
    return (kind->is_stateful || kind->takes_reference) && !IsHarmless(op);
  }

  const OpKindFinder& find_;
  std::unordered_map<std::string, bool> effects_;
};

}  // namespace

OpKindFinder KindsOf(TF_Graph* graph) {
  return [graph](const std::string& op) -> absl::optional<OpKind> {
    struct DeleteBuffer {
      void operator()(TF_Buffer* buffer) const { TF_DeleteBuffer(buffer); }
    };
    const std::unique_ptr<TF_Buffer, DeleteBuffer> buffer(TF_NewBuffer());
    TfStatus status;
    TF_GraphGetOpDef(graph, op.c_str(), buffer.get(), status.get());
    if (!status.ok()) return absl::nullopt;
    OpKind kind;
    WireReader reader({static_cast<const char*>(buffer->data), buffer->length});
    while (reader.NextField()) {
      if (reader.field() == kIsStatefulOfOp && reader.type() == WireType::kVarint) {
        kind.is_stateful = reader.VarintField() != 0;
      } else if (reader.field() == kInputOfOp && reader.type() == WireType::kLengthDelimited) {
        WireReader argument(reader.Bytes());
        while (argument.NextField()) {
          if (argument.field() == kIsReferenceOfArgument && argument.type() == WireType::kVarint) {
            kind.takes_reference |= argument.VarintField() != 0;
          } else {
            argument.Skip();
          }
        }
      } else {
        reader.Skip();
      }
    }
    if (!reader.ok()) return absl::nullopt;
    return kind;
  };
}

GraphEffects::GraphEffects(absl::string_view meta_graph_def, const OpKindFinder& kinds) {
  std::vector<absl::string_view> nodes;
  std::vector<absl::string_view> bodies;
  std::unordered_map<std::string, size_t> functions;
  for (const absl::string_view graph : FieldsOf(meta_graph_def, kGraphOfMetaGraph)) {
    for (const absl::string_view node : FieldsOf(graph, kNodeOfGraph)) {
      nodes_[std::string(TextOf(node, kNameOfNode))] = nodes.size();
      nodes.push_back(node);
    }
    for (const absl::string_view library : FieldsOf(graph, kLibraryOfGraph)) {
      for (const absl::string_view function : FieldsOf(library, kFunctionOfLibrary)) bodies.push_back(function);
    }
  }
  // Nodes first, then functions.
  vertices_.resize(nodes.size() + bodies.size());
  for (size_t i = 0; i < bodies.size(); ++i) {
    functions[std::string(TextOf(TextOf(bodies[i], kSignatureOfFunction), kNameOfOp))] = nodes.size() + i;
  }

  KindCache cache(kinds);
  // Notes what `node` does itself, and whom it calls, on behalf of the vertex that it is, or is in.
  NodeDef parsed;
  const auto note = [&](absl::string_view node, size_t owner) {
    // Constants may be large, and do nothing.
    if (TextOf(node, kOpOfNode) == "Const") return;
    std::string& effect = vertices_[owner].effect;
    if (!parsed.ParseFromArray(node.data(), static_cast<int>(node.size()))) {
      effect = kUnknown;
      return;
    }
    std::vector<std::string> called;
    for (const auto& attribute : parsed.attr()) AddFunctions(attribute.second, &called);
    if (functions.count(parsed.op()) > 0) {
      called.push_back(parsed.op());
    } else if (effect.empty() && cache.HasEffect(parsed.op())) {
      effect = parsed.op();
    }
    for (const std::string& name : called) {
      const auto function = functions.find(name);
      if (function != functions.end()) {
        vertices_[function->second].users.push_back(owner);
      } else if (effect.empty()) {
        effect = kUnknown;
      }
    }
  };
  for (size_t i = 0; i < nodes.size(); ++i) {
    note(nodes[i], i);
    for (const absl::string_view input : FieldsOf(nodes[i], kInputOfNode)) {
      const auto from = nodes_.find(NodeOf(input));
      if (from != nodes_.end()) vertices_[from->second].users.push_back(i);
    }
  }
  for (size_t i = 0; i < bodies.size(); ++i) {
    for (const absl::string_view node : FieldsOf(bodies[i], kNodeOfFunction)) note(node, nodes.size() + i);
  }

  std::deque<size_t> spreading;
  for (size_t i = 0; i < vertices_.size(); ++i) {
    if (!vertices_[i].effect.empty()) spreading.push_back(i);
  }
  while (!spreading.empty()) {
    const Vertex& from = vertices_[spreading.front()];
    spreading.pop_front();
    for (const size_t user : from.users) {
      if (!vertices_[user].effect.empty()) continue;
      vertices_[user].effect = from.effect;
      spreading.push_back(user);
    }
  }
}

const std::string& GraphEffects::EffectOf(absl::string_view node) const {
  static const std::string& unknown = *std::make_unique<const std::string>(kUnknown).release();
  const auto found = nodes_.find(std::string(node));
  return found == nodes_.end() ? unknown : vertices_[found->second].effect;
}

}  // namespace trilho
