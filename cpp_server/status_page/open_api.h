// What can be asked over HTTP, for generators of clients.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_

#include <string>

#include "cpp_server/core/manager.h"

namespace trilho {

// An OpenAPI 3.0 document: kOpenApi, and for the latest available version of
// each model a path /v1/models/MODEL:VERB whose bodies are those of its
// signatures, each a schema MODEL.SIGNATURE.request and .response.
std::string OpenApiDocument(const Manager& manager);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_
