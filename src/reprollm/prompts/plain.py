"""Which templates cannot run long or grow large, whatever they are given.

A plain template prints what it is given, chooses by comparisons, and loops over the items, or over
the parts of each item. It keeps no state, calls nothing and repeats nothing, so that time and
memory stay within a small multiple of the template times its data. Most prompt templates are plain;
what is not is rendered in a process of its own, within limits (`reprollm.prompts.bounded`).
"""

from __future__ import annotations

from jinja2 import nodes

_EXPRESSIONS = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Test,
    nodes.Add,
    nodes.Concat,
)
_FILTERS = frozenset({"trim", "upper", "lower", "length", "count", "first", "last", "tojson"})
_TESTS = frozenset("defined undefined none string mapping sequence number true false".split())


def is_plain(tree: nodes.Template) -> bool:
    """Say whether a parsed template is plain."""
    return all(_plain(child, ()) for child in tree.iter_child_nodes())


def _plain(node: nodes.Node, loops: tuple[str, ...]) -> bool:
    if isinstance(node, nodes.For):
        return _plain_loop(node, loops)
    if isinstance(node, nodes.Filter):
        known = node.name in _FILTERS and node.node is not None
        if not known or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return False
    elif isinstance(node, nodes.Call):
        # The one call that only ends the rendering.
        if not isinstance(node.node, nodes.Name) or node.node.name != "raise_exception":
            return False
    elif isinstance(node, nodes.Test) and (node.name not in _TESTS or node.args):
        return False
    elif not isinstance(node, _EXPRESSIONS):
        return False
    return all(_plain(child, loops) for child in node.iter_child_nodes())


def _plain_loop(node: nodes.For, loops: tuple[str, ...]) -> bool:
    """Say whether a loop goes over given items, or, inside another, over parts of its item."""
    root = _root(node.iter)
    if node.recursive or root is None or len(loops) > 1 or (loops and root != loops[-1]):
        return False
    if not isinstance(node.target, nodes.Name):
        return False
    inside = (*loops, node.target.name)
    body = [*node.body, *node.else_, *([node.test] if node.test else [])]
    return all(_plain(child, inside) for child in body)


def _root(node: nodes.Node) -> str | None:
    """Return the variable of a chain of parts such as `item.turns`, else None."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            return None
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None
