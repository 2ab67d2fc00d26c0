// CUDA for g++: what common/device.h includes in the place of CUDA's own headers.
#ifndef PAROATTN_EMULATOR_CUDA_H_
#define PAROATTN_EMULATOR_CUDA_H_

#include "emulator/qualifiers.h"
#include "emulator/vector_types.h"
#include "emulator/math.h"
#include "emulator/collectives.h"
#include "emulator/atomics.h"
#include "emulator/runtime.h"
#include "emulator/launch.h"

#endif  // PAROATTN_EMULATOR_CUDA_H_
