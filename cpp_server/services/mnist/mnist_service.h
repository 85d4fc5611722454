// trilho.mnist.MnistService, by hand.

#ifndef TRILHO_CPP_SERVER_SERVICES_MNIST_MNIST_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVICES_MNIST_MNIST_SERVICE_H_

#include "cpp_server/inference/predictor.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// Answers protos/trilho/mnist.proto from the model "mnist". `predictor` must
// outlive the service.
ServiceDefinition MnistService(const Predictor* predictor, const InferenceHooks* hooks);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_MNIST_MNIST_SERVICE_H_
