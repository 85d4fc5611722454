// The planes of a front: which of its threads run a handler.

#ifndef TRILHO_CPP_SERVER_ADMISSION_PLANE_H_
#define TRILHO_CPP_SERVER_ADMISSION_PLANE_H_

namespace trilho {

// The control plane answers while every thread of the data plane is inside a long run, so it must never do the work of
// a model. Probes, which ask whether the server is well, have a thread of their own over HTTP, so that no document that
// takes long to make holds them up. An instant handler, as the one that says that the server lives, runs on the thread
// that serves all of HTTP's connections, and waits for nothing. gRPC has threads for data and threads for all the rest.
enum class Plane { kData, kControl, kProbe, kInstant };

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADMISSION_PLANE_H_
