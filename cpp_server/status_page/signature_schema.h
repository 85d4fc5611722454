// What a signature takes and answers over TF Serving's REST API, as schemas of OpenAPI.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_SIGNATURE_SCHEMA_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_SIGNATURE_SCHEMA_H_

#include <string>

#include "cpp_server/status_page/json_builder.h"
#include "cpp_server/tensorflow/signature.h"

namespace trilho {

// What a signature is asked by: "predict", "classify" or "regress".
std::string VerbOf(const Signature& signature);

// Bodies of this verb. They refer to the schemas Bytes, ExamplesRequest,
// ClassifyResponse and RegressResponse of openapi.json.
JsonValue RequestSchema(const JsonBuilder& builder, const Signature& signature);
JsonValue ResponseSchema(const JsonBuilder& builder, const Signature& signature);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_SIGNATURE_SCHEMA_H_
