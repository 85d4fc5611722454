// A page for people, and what it is made of.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_H_

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/contracts/contract.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/metrics/model_statistics.h"
#include "cpp_server/server/management_service.h"

namespace trilho {

//   /              the page: models, versions, states, latency, signatures, and a
//                  form that sends a request; one file, nothing from elsewhere
//   /statusz       what it shows, as JSON
//   /openapi.json  an OpenAPI 3.0 document of the HTTP port's routes, with the
//                  bodies of every signature that can be asked
//
// Thread-safe; never waits for a run. It outlives its routes.
class StatusPage {
 public:
  struct Options {
    ManagedServer managed;
    // Outlives the page.
    const ModelStatistics* statistics = nullptr;
    // Outlive the page; may be null.
    const Contracts* contracts = nullptr;
    std::function<bool()> ready;
    // What somebody has to see to, e.g. a certificate that has expired: a sentence each. May be empty.
    std::function<std::vector<std::string>()> warnings;
    // Whether models can be asked on the port of the page.
    bool infers = true;
  };

  explicit StatusPage(Options options) : options_(std::move(options)), begin_(std::chrono::steady_clock::now()) {}

  // Returns the routes of these paths. The page itself tells nothing of the server, and so needs no token: it asks for
  // one.
  std::vector<HttpRoute> Routes() const;

 private:
  HttpResponse Page() const;
  HttpResponse Status() const;
  HttpResponse OpenApi() const;

  const Options options_;
  const std::chrono::steady_clock::time_point begin_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_H_
