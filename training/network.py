"""The recogniser's ONNX graph as a PyTorch module: its weights are parameters, its constants stay.

What exporting took apart (GELU, SiLU, layer normalisation, a convolution and its bias) is put together again: training
takes half the time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

Values = dict[str, Any]
SMALL = 64  # numbers: a constant so small is no weight
SAME = (b"SAME_UPPER", b"SAME_LOWER")


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    inputs: tuple[str, ...]
    output: str
    options: dict[str, Any]


class Network(torch.nn.Module):
    """Called with lines, (n, 3, 48, width) in -1 to 1, it gives logits, (n, steps, classes); `keep`: of these alone."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.model = _widened(onnx.load(path))
        graph = self.model.graph
        self.weights = torch.nn.ParameterDict()
        self._keys: dict[str, str] = {}  # a parameter's name may hold no dots
        self._constants: dict[str, torch.Tensor] = {}
        for tensor in graph.initializer:
            self._hold(tensor.name, numpy_helper.to_array(tensor))
        for node in graph.node:
            if node.op_type == "Constant":
                self._hold(node.output[0], numpy_helper.to_array(node.attribute[0].t))
        nodes = [_node(node) for node in graph.node if node.op_type != "Constant"]
        assert nodes[-1].kind == "Softmax"
        self._input = graph.input[0].name
        self._nodes = _Joined(_without_identities(nodes[:-1]), self._keys, self._constants, self.weights).nodes
        self.head = self._named_in(("MatMul", "Add"))

    def forward(self, lines: torch.Tensor, keep: torch.Tensor | None = None) -> torch.Tensor:
        values: Values = {self._input: lines}
        if keep is not None:
            matrix, bias = self.head
            values[matrix], values[bias] = self.weight(matrix)[:, keep], self.weight(bias)[keep]
        for node in self._nodes:
            values[node.output] = _run(node, [self._value(values, name) for name in node.inputs])
        result: torch.Tensor = values[self._nodes[-1].output]
        return result

    def weight(self, name: str) -> torch.nn.Parameter:
        return self.weights[self._keys[name]]

    def in_order(self) -> list[torch.nn.Parameter]:
        """The weights in the order in which they are used: those that see strokes first, those that tell texts last."""
        names = dict.fromkeys(name for node in self._nodes for name in node.inputs if name in self._keys)
        return [self.weight(name) for name in names]

    def save(self, path: Path) -> None:
        """As ONNX, its weights in half precision: they are widened when it is loaded."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        graph, casts = model.graph, []
        for tensor in list(graph.initializer):
            if tensor.name in self._keys and np.prod(tensor.dims) > SMALL:
                graph.initializer.remove(tensor)
                casts.append(self._halved(graph, tensor.name))
            elif tensor.name in self._keys:
                tensor.CopyFrom(numpy_helper.from_array(self._array(tensor.name), tensor.name))
        for node in list(graph.node):
            if node.op_type == "Constant" and node.output[0] in self._keys:
                graph.node.remove(node)
                casts.append(self._halved(graph, node.output[0]))
        for cast in reversed(casts):
            graph.node.insert(0, cast)
        onnx.save(model, path)

    def _halved(self, graph: Any, name: str) -> Any:
        half = f"{name}.half"
        graph.initializer.append(numpy_helper.from_array(self._array(name).astype(np.float16), half))
        return helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT)

    def _array(self, name: str) -> Any:
        return self.weight(name).detach().float().numpy()

    def _hold(self, name: str, array: Any) -> None:
        if array.dtype == np.float32 and array.size > 1:
            self._keys[name] = name.replace(".", "_")
            self.weights[self._keys[name]] = torch.nn.Parameter(torch.from_numpy(array.copy()))
        else:
            self._constants[name] = torch.from_numpy(np.array(array))

    def _value(self, values: Values, name: str) -> Any:
        if name in values:
            return values[name]
        return self.weight(name) if name in self._keys else self._constants[name]

    def _named_in(self, kinds: tuple[str, str]) -> tuple[str, str]:
        """The weights of the last node of each kind."""
        last = {node.kind: node for node in self._nodes}
        matrix, bias = (next(name for name in last[kind].inputs if name in self._keys) for kind in kinds)
        return matrix, bias


def _widened(model: Any) -> Any:
    """The model with weights in half precision, as `save` leaves them, in single precision."""
    graph = model.graph
    halves = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT16}
    for cast in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves]:
        half = halves[cast.input[0]]
        whole = numpy_helper.to_array(half).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(whole, cast.output[0]))
        graph.initializer.remove(half)
        graph.node.remove(cast)
    return model


def _node(node: Any) -> _Node:
    options = {option.name: helper.get_attribute_value(option) for option in node.attribute}
    return _Node(node.op_type, tuple(name for name in node.input if name), node.output[0], options)


def _without_identities(nodes: list[_Node]) -> list[_Node]:
    same: dict[str, str] = {}
    kept = []
    for node in nodes:
        inputs = tuple(same.get(name, name) for name in node.inputs)
        if node.kind == "Identity":
            same[node.output] = inputs[0]
        else:
            kept.append(_Node(node.kind, inputs, node.output, node.options))
    return kept


class _Joined:
    """Nodes with what belongs together as one."""

    def __init__(
        self, nodes: list[_Node], keys: dict[str, str], constants: dict[str, torch.Tensor], weights: Any
    ) -> None:
        self._all, self._keys, self._constants, self._weights = nodes, keys, constants, weights
        self._by = {node.output: node for node in nodes}
        self._users: dict[str, list[_Node]] = defaultdict(list)
        for node in nodes:
            for name in node.inputs:
                self._users[name].append(node)
        self._gone: set[str] = set()
        self._new: dict[str, _Node] = {}
        for node in nodes:
            {"Conv": self._bias, "Erf": self._gelu, "Sigmoid": self._silu, "Sqrt": self._norm}.get(
                node.kind, _as_it_is
            )(node)
        self.nodes = [self._new.get(node.output, node) for node in nodes if node.output not in self._gone]

    def _replace(
        self, last: _Node, kind: str, inputs: tuple[str, ...], gone: tuple[_Node, ...], **options: Any
    ) -> None:
        self._new[last.output] = _Node(kind, inputs, last.output, options)
        self._gone |= {node.output for node in gone}

    def _next(self, node: _Node) -> _Node:
        return self._users[node.output][0]

    def _weight_of(self, node: _Node) -> str:
        return next(name for name in node.inputs if name in self._keys)

    def _bias(self, conv: _Node) -> None:
        users = self._users[conv.output]
        if len(users) != 1 or users[0].kind != "Add" or len(conv.inputs) != 2:
            return
        bias = next(name for name in users[0].inputs if name != conv.output)
        if bias in self._keys and self._weights[self._keys[bias]].dim() == 4:
            self._replace(users[0], "Conv", (*conv.inputs, bias), (conv,), **conv.options)

    def _gelu(self, erf: _Node) -> None:
        """x / sqrt 2, erf, + 1, x times that, times a half."""
        scaled, plus = self._by[erf.inputs[0]], self._next(erf)
        times = self._next(plus)
        self._replace(self._next(times), "Gelu", (scaled.inputs[0],), (scaled, erf, plus, times))

    def _silu(self, sigmoid: _Node) -> None:
        users = self._users[sigmoid.output]
        if len(users) == 1 and users[0].kind == "Mul" and sigmoid.inputs[0] in users[0].inputs:
            self._replace(users[0], "Silu", sigmoid.inputs, (sigmoid,))

    def _norm(self, root: _Node) -> None:
        """The mean, what differs from it, the mean of its square, + epsilon, root; divided, times gain, plus bias."""
        plus = self._by[root.inputs[0]]
        mean = self._by[plus.inputs[0]]
        square = self._by[mean.inputs[0]]
        apart = self._by[square.inputs[0]]
        middle = self._by[apart.inputs[1]]
        divided = self._next(root)
        gain = self._next(divided)
        last = self._next(gain)
        epsilon = float(self._constants[next(name for name in plus.inputs if name in self._constants)])
        inputs = (apart.inputs[0], self._weight_of(gain), self._weight_of(last))
        gone = (root, plus, mean, square, apart, middle, divided, gain)
        self._replace(last, "Norm", inputs, gone, epsilon=epsilon)


def _as_it_is(node: _Node) -> None:
    """Nothing belongs to this one."""


def _run(node: _Node, a: list[Any]) -> Any:
    """What a node makes of its inputs: ONNX's operators, as far as the graph has them."""
    options = node.options
    match node.kind:
        case "Conv":
            return _convolved(a, options)
        case "MaxPool" | "AveragePool":
            return _pooled(node.kind, a[0], options)
        case "Add":
            return a[0] + a[1]
        case "Mul":
            return a[0] * a[1]
        case "MatMul":
            return a[0] @ a[1]
        case "Relu":
            return functional.relu(a[0])
        case "Gelu":
            return functional.gelu(a[0])
        case "Silu":
            return functional.silu(a[0])
        case "Sigmoid":
            return torch.sigmoid(a[0])
        case "HardSigmoid":
            return (a[0] * options["alpha"] + options["beta"]).clamp(0, 1)
        case "Norm":
            return functional.layer_norm(a[0], (a[0].shape[-1],), a[1], a[2], options["epsilon"])
        case "BatchNormalization":
            mean, variance = a[3].detach(), a[4].detach()
            return functional.batch_norm(a[0], mean, variance, a[1], a[2], False, 0.0, options.get("epsilon", 1e-5))
        case "Softmax":
            return torch.softmax(a[0], options["axis"])
        case "ReduceMean":
            return a[0].mean(dim=tuple(options["axes"]), keepdim=bool(options.get("keepdims", 1)))
    return _shaped(node, a)


def _shaped(node: _Node, a: list[Any]) -> Any:
    options = node.options
    match node.kind:
        case "Transpose":
            return a[0].permute(options["perm"])
        case "Squeeze":
            return a[0].squeeze(options["axes"][0])
        case "Unsqueeze":
            return a[0].unsqueeze(options["axes"][0])
        case "Shape":
            return torch.tensor(a[0].shape)
        case "Concat":
            return torch.cat([torch.as_tensor(part) for part in a], dim=options["axis"])
        case "Reshape":
            wanted = [int(size) for size in a[1]]
            return a[0].reshape([a[0].shape[n] if size == 0 else size for n, size in enumerate(wanted)])
        case "Slice":
            result = a[0]
            for start, end, axis in zip(a[1].tolist(), a[2].tolist(), a[3].tolist(), strict=True):
                first, last, _ = slice(start, end).indices(result.shape[axis])
                result = result.narrow(axis, first, last - first)
            return result
    raise NotImplementedError(node.kind)


def _convolved(a: list[Any], options: dict[str, Any]) -> torch.Tensor:
    image, padding = _padded(a[0], a[1].shape[2:], options, 0.0)
    bias = a[2].flatten() if len(a) > 2 else None
    return functional.conv2d(image, a[1], bias, tuple(options["strides"]), padding, groups=options.get("group", 1))


def _pooled(kind: str, image: torch.Tensor, options: dict[str, Any]) -> torch.Tensor:
    size, strides = tuple(options["kernel_shape"]), tuple(options["strides"])
    image, padding = _padded(image, size, options, -1e30)
    pool = functional.max_pool2d if kind == "MaxPool" else functional.avg_pool2d
    result: torch.Tensor = pool(image, size, strides, padding)
    return result


def _padded(image: torch.Tensor, size: Any, options: dict[str, Any], value: float) -> tuple[torch.Tensor, Any]:
    """The image with what cannot be left to the operation put round it, and what can."""
    top, left, bottom, right = options.get("pads", (0, 0, 0, 0))
    if options.get("auto_pad") in SAME:
        down, across = size[0] - 1, size[1] - 1
        low = options["auto_pad"] == b"SAME_LOWER"
        top, left = ((down + 1) // 2, (across + 1) // 2) if low else (down // 2, across // 2)
        bottom, right = down - top, across - left
    if (top, left) == (bottom, right):
        return image, (top, left)
    return functional.pad(image, (left, right, top, bottom), value=value), 0
