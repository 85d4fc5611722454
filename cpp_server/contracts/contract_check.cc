#include "cpp_server/contracts/contract_check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/nearest_name.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/contracts/value_text.h"

namespace trilho {
namespace {

// `, perhaps "x": it has "x", "y"`.
std::string Advice(const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  std::string text = nearest.empty() ? "" : absl::StrCat(", perhaps \"", nearest, "\"");
  if (known.empty()) return text + ": it has none";
  return absl::StrCat(text, ": it has ", absl::StrJoin(known, ", ", [](std::string* out, const std::string& k) {
                        absl::StrAppend(out, "\"", k, "\"");
                      }));
}

std::string ModelAdvice(const std::string& name, const std::vector<std::string>& models) {
  const std::string nearest = NearestName(name, models);
  std::string text = nearest.empty() ? "" : absl::StrCat(", perhaps \"", nearest, "\"");
  if (models.empty()) return text + "; no model is";
  return absl::StrCat(text, "; there are \"", absl::StrJoin(models, "\", \""), "\"");
}

std::vector<std::string> Aliases(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> aliases;
  aliases.reserve(tensors.size());
  for (const TensorInfo& info : tensors) aliases.push_back(info.alias);
  return aliases;
}

class Checker {
 public:
  Checker(const ContractMethod& method, const Signature& signature, const Signatures& model)
      : method_(method), signature_(signature), model_(model) {}

  absl::Status Check() {
    if (method_.example_input.empty()) {
      CheckTensors(method_.request, "input", signature_.inputs);
    } else {
      CheckExampleInput();
    }
    for (const TensorInfo& input : signature_.inputs) {
      if (!input.default_value && !IsFed(input.alias)) {
        Add(method_.location, "", absl::StrCat("no field is the input \"", input.alias, "\", which has no default"));
      }
    }
    CheckTensors(method_.response, "output", signature_.outputs);
    if (problems_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrJoin(problems_, "\n"));
  }

 private:
  void Add(const std::string& location, const std::string& element, absl::string_view problem) {
    problems_.push_back(absl::StrCat(location, ": ", method_.service, ".", method_.name, element.empty() ? "" : ": ",
                                     element, ": ", problem, " (signature \"", signature_.name, "\")"));
  }

  bool IsFed(const std::string& alias) const {
    if (!method_.example_input.empty()) return alias == method_.example_input;
    const auto& tensors = method_.request.tensors;
    return std::any_of(tensors.begin(), tensors.end(), [&](const ContractTensor& t) { return t.alias == alias; });
  }

  void CheckExampleInput() {
    const std::string& alias = method_.example_input;
    const int position = Signature::Find(signature_.inputs, alias);
    if (position < 0) {
      return Add(method_.location, "",
                 absl::StrCat("example_input is \"", alias, "\", which is no input",
                              Advice(alias, Aliases(signature_.inputs))));
    }
    if (model_.features) CheckFeatures(*model_.features);
    const TensorInfo& found = signature_.inputs[static_cast<size_t>(position)];
    if (found.type != TF_STRING || !MayMatch({kUnknownDim}, found, method_.request.batch())) {
      Add(method_.location, "", Mismatch("input", alias, TF_STRING, {kUnknownDim}, found));
    }
  }

  // A field that the model does not look for would be lost in silence.
  void CheckFeatures(const ExampleFeatures& features) {
    std::vector<std::string> parsed, fed;
    for (const auto& feature : features) parsed.push_back(feature.first);
    for (const ContractTensor& field : method_.request.tensors) {
      fed.push_back(field.alias);
      const auto found = features.find(field.alias);
      if (found == features.end()) {
        Add(field.location, field.element,
            absl::StrCat("the model parses no feature \"", field.alias, "\"", Advice(field.alias, parsed)));
        continue;
      }
      ExampleFeature expected{field.type, absl::nullopt, false};
      if (field.extent != Extent::kCounted) expected.count = field.values;
      if (found->second.type != expected.type ||
          (expected.count && found->second.count && *found->second.count != *expected.count)) {
        Add(field.location, field.element,
            absl::StrCat("the feature \"", field.alias, "\" is ", FeatureText(found->second), ", expected ",
                         FeatureText(expected)));
      }
    }
    for (const auto& feature : features) {
      if (!feature.second.required || std::count(fed.begin(), fed.end(), feature.first) > 0) continue;
      Add(method_.location, "",
          absl::StrCat("no field is the feature \"", feature.first, "\", which is ", FeatureText(feature.second),
                       " and has no default"));
    }
  }

  static std::string FeatureText(const ExampleFeature& feature) {
    const std::string values = feature.count ? Counted(*feature.count, "value") : "any number of values";
    return absl::StrCat(ContractTypeName(feature.type), " of ", values);
  }

  void CheckTensors(const ContractLayout& layout, const char* what, const std::vector<TensorInfo>& infos) {
    for (const ContractTensor& tensor : layout.tensors) {
      const int position = Signature::Find(infos, tensor.alias);
      if (position < 0) {
        Add(tensor.location, tensor.element,
            absl::StrCat("there is no ", what, " \"", tensor.alias, "\"", Advice(tensor.alias, Aliases(infos))));
        continue;
      }
      const TensorInfo& found = infos[static_cast<size_t>(position)];
      if (!found.unsendable.empty()) {
        Add(tensor.location, tensor.element,
            absl::StrCat("the ", what, " \"", tensor.alias, "\" cannot be sent: it ", found.unsendable));
        continue;
      }
      const std::vector<int64_t> shape = ExpectedDims(layout, tensor);
      if (found.type != tensor.type || !MayMatch(shape, found, layout.batch())) {
        Add(tensor.location, tensor.element,
            Mismatch(what, tensor.alias, tensor.type, shape, found) + ShapeAdvice(tensor, shape, found));
      }
    }
  }

  // For the tensors that Keras makes of one value: [n, 1].
  static std::string ShapeAdvice(const ContractTensor& tensor, const std::vector<int64_t>& shape,
                                 const TensorInfo& found) {
    if (tensor.extent != Extent::kOne || !tensor.shape.empty() || !found.shape) return "";
    const std::vector<int64_t>& dims = *found.shape;
    if (dims.size() <= shape.size()) return "";
    const auto more = dims.begin() + static_cast<std::ptrdiff_t>(shape.size());
    if (!std::all_of(more, dims.end(), [](int64_t dim) { return dim == 1; })) return "";
    return absl::StrCat(", as it is with shape: [", absl::StrJoin(more, dims.end(), ", "), "]");
  }

  static bool MayMatch(const std::vector<int64_t>& expected, const TensorInfo& found, bool batch) {
    if (!found.shape) return true;
    if (found.shape->size() != expected.size()) return false;
    // A model for one example is one for a request of one.
    const int64_t examples = found.shape->front();
    if (examples >= 0 && (batch || examples != 1)) return false;
    for (size_t i = 1; i < expected.size(); ++i) {
      const int64_t dim = (*found.shape)[i];
      if (dim >= 0 && expected[i] >= 0 && dim != expected[i]) return false;
    }
    return true;
  }

  static std::string Mismatch(const char* what, const std::string& alias, TF_DataType type,
                              const std::vector<int64_t>& shape, const TensorInfo& found) {
    return absl::StrCat("the ", what, " \"", alias, "\" is ", ContractTypeName(found.type), " ",
                        found.shape ? DimsText(*found.shape) : "of any shape", ", expected ", ContractTypeName(type),
                        " ", DimsText(shape));
  }

  const ContractMethod& method_;
  const Signature& signature_;
  const Signatures& model_;
  std::vector<std::string> problems_;
};

}  // namespace

absl::Status CheckContract(const ContractMethod& method, const Signatures& signatures) {
  const auto found = signatures.by_name.find(method.signature);
  if (found != signatures.by_name.end()) return Checker(method, found->second, signatures).Check();
  const auto unsupported = signatures.unsupported.find(method.signature);
  if (unsupported != signatures.unsupported.end()) {
    return absl::FailedPreconditionError(absl::StrCat(method.location, ": ", method.service, ".", method.name,
                                                      ": the signature \"", method.signature,
                                                      "\" cannot be served: ", unsupported->second.message()));
  }
  std::vector<std::string> known;
  for (const auto& entry : signatures.by_name) known.push_back(entry.first);
  return absl::FailedPreconditionError(absl::StrCat(method.location, ": ", method.service, ".", method.name,
                                                    ": the model has no signature \"", method.signature, "\"",
                                                    Advice(method.signature, known)));
}

absl::Status CheckContracts(const Contracts& contracts, absl::string_view model, const Signatures& signatures) {
  std::vector<std::string> problems;
  for (const ContractMethod& method : contracts.methods) {
    if (method.model != model) continue;
    const absl::Status checked = CheckContract(method, signatures);
    if (!checked.ok()) problems.emplace_back(checked.message());
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(problems, "\n"));
}

std::vector<std::string> MethodsWithoutModel(const Contracts& contracts, const std::vector<std::string>& models) {
  std::vector<std::string> lines;
  for (const ContractMethod& method : contracts.methods) {
    if (std::find(models.begin(), models.end(), method.model) != models.end()) continue;
    lines.push_back(absl::StrCat(method.file, ": ", method.location, ": ", method.service, ".", method.name,
                                 " is answered by the model \"", method.model, "\", which is not configured",
                                 ModelAdvice(method.model, models)));
  }
  return lines;
}

}  // namespace trilho
