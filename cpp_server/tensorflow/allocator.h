#ifndef TRILHO_CPP_SERVER_TENSORFLOW_ALLOCATOR_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_ALLOCATOR_H_

namespace trilho {

// Where tensors live, such that the memory of an unloaded model goes back to
// the system: TensorFlow's own pool, which keeps whatever it once took, is left
// out, and glibc has few arenas, since what threads leave behind in many of
// them is never whole enough to give back. bench/README.md has the figures.
//
// TF_ONEDNN_USE_SYSTEM_ALLOCATOR and MALLOC_ARENA_MAX in the environment are
// left as they are. To be called first in main, while there is one thread and
// TensorFlow has not allocated anything.
void ConfigureAllocator();

// Gives back what is free. Takes up to some 10 ms, during which allocations of
// other threads may wait; to be called after something large was freed.
void ReturnFreedMemory();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_ALLOCATOR_H_
