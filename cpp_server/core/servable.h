// What the server serves, and how it is named.

#ifndef TRILHO_CPP_SERVER_CORE_SERVABLE_H_
#define TRILHO_CPP_SERVER_CORE_SERVABLE_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace trilho {

// One version of one model.
struct ServableId {
  std::string name;
  int64_t version = 0;

  // "{name: mnist version: 2}", as TF Serving prints it in its messages.
  std::string DebugString() const { return absl::StrCat("{name: ", name, " version: ", version, "}"); }
};

inline bool operator==(const ServableId& a, const ServableId& b) { return a.version == b.version && a.name == b.name; }

// A loaded version, ready to answer. Requests use it from many threads at once
// through a ServableHandle; its Manager destroys it, on that model's control
// thread, after the last handle is gone. The destructor gives back all that
// Loader::Load took.
class Servable {
 public:
  Servable() = default;
  Servable(const Servable&) = delete;
  Servable& operator=(const Servable&) = delete;
  virtual ~Servable() = default;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_SERVABLE_H_
