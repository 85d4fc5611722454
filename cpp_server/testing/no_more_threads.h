// A process that the system gives no thread any more, for tests.

#ifndef TRILHO_CPP_SERVER_TESTING_NO_MORE_THREADS_H_
#define TRILHO_CPP_SERVER_TESTING_NO_MORE_THREADS_H_

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <system_error>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace trilho {

// While it is there, no new thread can be made: the address space has no room for another stack, but for other things.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    EXPECT_EQ(getrlimit(RLIMIT_AS, &before_), 0);
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    rlimit tight = before_;
    // Less than the 8 MiB of a stack.
    tight.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{6} << 20);
    EXPECT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
    // Stacks of threads that have ended are kept and used again: until they are used up.
    try {
      for (;;) threads_.emplace_back([released = released_] { released.wait(); });
    } catch (const std::system_error&) {
    }
  }
  ~NoMoreThreads() {
    release_.set_value();
    for (std::thread& thread : threads_) thread.join();
    setrlimit(RLIMIT_AS, &before_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  rlimit before_ = {};
  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  std::vector<std::thread> threads_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TESTING_NO_MORE_THREADS_H_
