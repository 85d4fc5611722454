#include "cpp_server/contracts/contract_check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/nearest_name.h"
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

std::vector<std::string> Aliases(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> aliases;
  aliases.reserve(tensors.size());
  for (const TensorInfo& info : tensors) aliases.push_back(info.alias);
  return aliases;
}

class Checker {
 public:
  Checker(const ContractMethod& method, const Signature& signature) : method_(method), signature_(signature) {}

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
    const TensorInfo& found = signature_.inputs[static_cast<size_t>(position)];
    if (found.type != TF_STRING || !MayMatch({kUnknownDim}, found, method_.request.batch())) {
      Add(method_.location, "", Mismatch("input", alias, TF_STRING, {kUnknownDim}, found));
    }
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
      const std::vector<int64_t> shape = ExpectedDims(layout, tensor);
      if (found.type != tensor.type || !MayMatch(shape, found, layout.batch())) {
        Add(tensor.location, tensor.element, Mismatch(what, tensor.alias, tensor.type, shape, found));
      }
    }
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
  std::vector<std::string> problems_;
};

}  // namespace

absl::Status CheckContract(const ContractMethod& method, const SignatureMap& signatures) {
  const auto found = signatures.find(method.signature);
  if (found != signatures.end()) return Checker(method, found->second).Check();
  std::vector<std::string> known;
  for (const auto& entry : signatures) known.push_back(entry.first);
  return absl::FailedPreconditionError(absl::StrCat(method.location, ": ", method.service, ".", method.name,
                                                    ": the model has no signature \"", method.signature, "\"",
                                                    Advice(method.signature, known)));
}

}  // namespace trilho
