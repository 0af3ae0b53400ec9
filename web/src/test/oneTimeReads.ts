// The rule of the browser tests: what a page or a cluster will show is waited for, never read once. A call that reads,
// or that calls a helper which does, stands in the function given to expect.poll or eventually, and nowhere else.
import ts from "typescript";

// The calls of a page or a locator that return what is there at this moment.
const READS = new Set([
  ...["textContent", "innerText", "innerHTML", "allInnerTexts", "allTextContents", "getAttribute", "inputValue"],
  ...["count", "all", "boundingBox", "ariaSnapshot", "content", "title"],
  ...["isVisible", "isHidden", "isEnabled", "isDisabled", "isChecked", "isEditable"],
  ...["evaluate", "evaluateAll", "evaluateHandle", "$", "$$", "$eval", "$$eval", "elementHandle", "elementHandles"],
]);
// They try again until it holds.
const RETRYING = new Set(["expect.poll", "eventually"]);

export type Sources = Readonly<Record<string, string>>;

// One line per place that breaks the rule.
export function oneTimeReads(sources: Sources): string[] {
  const files = Object.entries(sources).map(([name, text]) =>
    ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true),
  );
  const helpers = helpersThatRead(files);
  return files.flatMap((file) => [
    ...collect(file, (node) => isRead(node, helpers) && !isRetried(node) && helperOf(node) === undefined).map((node) =>
      complaint(file, node, `reads once, outside of expect.poll and eventually`),
    ),
    ...collect(file, isExpectOfAwait).map((node) => complaint(file, node, "expects what was awaited: use expect.poll")),
  ]);
}

// The names of functions that return what they read, directly or by another of them.
function helpersThatRead(files: readonly ts.SourceFile[]): Set<string> {
  const helpers = new Set<string>();
  for (let before = -1; before < helpers.size; ) {
    before = helpers.size;
    for (const file of files) {
      for (const node of collect(file, (node) => isRead(node, helpers) && !isRetried(node))) {
        const name = helperOf(node);
        if (name !== undefined) helpers.add(name);
      }
    }
  }
  return helpers;
}

function isRead(node: ts.Node, helpers: ReadonlySet<string>): boolean {
  if (!ts.isCallExpression(node)) return false;
  if (ts.isIdentifier(node.expression)) return helpers.has(node.expression.text);
  if (!ts.isPropertyAccessExpression(node.expression)) return false;
  const name = node.expression.name.text;
  if (node.expression.expression.getText() === "Promise") return false;
  return helpers.has(name) || (READS.has(name) && !isAct(node));
}

// Evaluates to nothing, so nothing is read: evaluate(() => void …).
function isAct({ arguments: [script] }: ts.CallExpression): boolean {
  return script !== undefined && ts.isArrowFunction(script) && ts.isVoidExpression(script.body);
}

// In what a retrying call calls.
function isRetried(node: ts.Node): boolean {
  return ancestors(node).some(
    (each) =>
      ts.isFunctionLike(each) &&
      ts.isCallExpression(each.parent) &&
      RETRYING.has(each.parent.expression.getText().replace(/\s/g, "")) &&
      each.parent.arguments.includes(each as ts.Node as ts.Expression),
  );
}

// The named function around a node, where it is not what a test or a hook consists of.
function helperOf(node: ts.Node): string | undefined {
  const name = ancestors(node).map((each) => {
    if (!ts.isFunctionLike(each)) return undefined;
    if (ts.isFunctionDeclaration(each) || ts.isMethodDeclaration(each)) return each.name?.getText();
    return ts.isVariableDeclaration(each.parent) ? each.parent.name.getText() : undefined;
  });
  return name.find((each) => each !== undefined);
}

function isExpectOfAwait(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    node.expression.getText() === "expect" &&
    node.arguments.some((argument) => collect(argument, ts.isAwaitExpression).length > 0)
  );
}

function collect(root: ts.Node, wanted: (node: ts.Node) => boolean): ts.Node[] {
  const found = wanted(root) ? [root] : [];
  root.forEachChild((child) => void found.push(...collect(child, wanted)));
  return found;
}

function ancestors(node: ts.Node): ts.Node[] {
  return node.parent ? [node.parent, ...ancestors(node.parent)] : [];
}

function complaint(file: ts.SourceFile, node: ts.Node, what: string): string {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${file.fileName}:${line + 1}: ${what}: ${node.getText().replace(/\s+/g, " ").slice(0, 80)}`;
}
