// Files of this folder, as they are in the program; made by embed.py.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_EMBEDDED_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_EMBEDDED_H_

namespace trilho {

// The page, with its style and script in it.
extern const char kPageHtml[];
// The Content-Security-Policy that lets only these two run.
extern const char kPagePolicy[];
// An OpenAPI document of every route, in which nothing of a model is said.
extern const char kOpenApi[];

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_EMBEDDED_H_
