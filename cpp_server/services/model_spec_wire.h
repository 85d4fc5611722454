// tensorflow.serving.ModelSpec on the wire.

#ifndef TRILHO_CPP_SERVER_SERVICES_MODEL_SPEC_WIRE_H_
#define TRILHO_CPP_SERVER_SERVICES_MODEL_SPEC_WIRE_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {

// Adds the fields in `bytes` to `spec`, whose views then point into them. False
// if malformed.
bool ReadModelSpec(absl::string_view bytes, ModelSpec* spec);

// The bytes that WriteModelSpec will append.
size_t ModelSpecSize(const ModelSpec& spec);

// Name, version and signature.
void WriteModelSpec(const ModelSpec& spec, WireWriter* writer);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_MODEL_SPEC_WIRE_H_
