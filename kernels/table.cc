#include "kernels.h"
#include "vector.h"

#define OCELLI_STRINGIFY_(x) #x
#define OCELLI_STRINGIFY(x) OCELLI_STRINGIFY_(x)

namespace ocelli {
namespace OCELLI_ISA {

extern const KernelTable table;
const KernelTable table = {
    OCELLI_STRINGIFY(OCELLI_ISA),
    Vector::width,
    elementwise,
    reduce,
    matmul,
    packMatrix,
    packedMatrixBytes,
    conv2d,
    packConv,
    packedConvBytes,
    conv2dInputGrad,
    conv2dWeightGrad,
    maxPool2d,
    chain,
    poolGather,
    poolScatter,
    resample,
    axisOp,
    gather,
    scatterAdd,
    random,
    iota,
    multiplyAdds,
    triad,
};

}  // namespace OCELLI_ISA
}  // namespace ocelli
