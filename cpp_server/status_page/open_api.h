// What can be asked over HTTP, for generators of clients.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_

#include <string>

#include "cpp_server/contracts/contract.h"
#include "cpp_server/core/manager.h"

namespace trilho {

// An OpenAPI 3.0 document: kOpenApi, and for every available version V of each
// model M the paths /v1/models/M/versions/V:VERB (for the latest one also
// /v1/models/M:VERB) whose bodies are those of its signatures. A signature's
// schemas are M.SIGNATURE.request and .response; where these stand for others
// already, such as those of a newer version, M.V.SIGNATURE.request. The methods
// of `contracts` come with the schemas of their messages.
//
// `infers`: models are asked on the port that gives the document, and not
// managed there; else it is the other way round, and the document, that of both
// ports, says so.
std::string OpenApiDocument(const Manager& manager, const Contracts& contracts, bool infers);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_OPEN_API_H_
