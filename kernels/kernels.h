// The kernels of one instruction set. A kernel file is compiled once for each set with OCELLI_ISA defined as its name,
// so everything in it lives in ocelli::OCELLI_ISA. Kernel files keep standard library templates and non-template
// inline functions out of other namespaces: the linker could otherwise keep the copy built for a newer instruction set.
#pragma once
#include "context.h"
#include "instruction.h"

#ifndef OCELLI_ISA
#error "Define OCELLI_ISA as the name of the instruction set (scalar, avx2, avx512, neon, ...)."
#endif

namespace ocelli {
namespace OCELLI_ISA {

// Runs `count` steps of micro-op code over n values (at most microBlock). Register r is the microBlock 32-bit words
// from word r * microBlock on, 64-byte aligned; steps may touch words past n within a register, which hold garbage.
void runMicroOps(const MicroOp* code, int64_t count, void* registers, int64_t n);

void elementwise(const Elementwise&, Context&);
void reduce(const Reduce&, Context&);

void matmul(const Matmul&, Context&);
void packMatrix(const PackMatrix&, Context&);
int64_t packedMatrixBytes(int64_t k, int64_t n);

void conv2d(const Conv2d&, Context&);
void packConv(const PackConv&, Context&);
int64_t packedConvBytes(ConvAlgorithm, const ConvGeometry&, int64_t outChannels, int64_t inChannels);
void conv2dInputGrad(const Conv2dInputGrad&, Context&);
void conv2dWeightGrad(const Conv2dWeightGrad&, Context&);

void maxPool2d(const MaxPool2d&, Context&);
void chain(const Chain&, Context&);
void poolGather(const PoolGather&, Context&);
void poolScatter(const PoolScatter&, Context&);
void resample(const Resample&, Context&);
void axisOp(const AxisOp&, Context&);
void gather(const Gather&, Context&);
void scatterAdd(const ScatterAdd&, Context&);
void random(const Random&, Context&);
void iota(const Iota&, Context&);

// Returns how many floating-point operations it did; `sink` is there so that they cannot be left out.
double multiplyAdds(int64_t rounds, float* sink);
// a = b + 3 c
void triad(float* a, const float* b, const float* c, int64_t n);

}  // namespace OCELLI_ISA
}  // namespace ocelli
