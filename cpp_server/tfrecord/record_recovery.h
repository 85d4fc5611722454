// Makes a TFRecord file of what a killed process has left.

#ifndef TRILHO_CPP_SERVER_TFRECORD_RECORD_RECOVERY_H_
#define TRILHO_CPP_SERVER_TFRECORD_RECORD_RECOVERY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace trilho {

struct RecoveredRecords {
  // That are whole.
  int64_t records = 0;
  // Of the file as it is now.
  int64_t bytes = 0;
  // Of the record that was not finished.
  int64_t bytes_cut = 0;
};

// Cuts an unfinished record off the end of the file. UNAVAILABLE, at once, if a RecordWriter, of any process, has it
// open; DATA_LOSS, with the file as it was, if a record is not cut but wrong, since whole ones may follow it.
absl::StatusOr<RecoveredRecords> RecoverRecordFile(const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TFRECORD_RECORD_RECOVERY_H_
