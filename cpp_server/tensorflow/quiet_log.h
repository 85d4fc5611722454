// TensorFlow's notes about itself, kept out of the operator's log.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_QUIET_LOG_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_QUIET_LOG_H_

namespace trilho {

// Silences TensorFlow below warnings. Linked in, it also holds back what
// TensorFlow's libraries print while they are being loaded, before main; this
// function then prints what of that is no note. With TF_CPP_MIN_LOG_LEVEL=0 in
// the environment everything is shown. Called first in main.
void QuietTensorFlowLog();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_QUIET_LOG_H_
