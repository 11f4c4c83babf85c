"""The protocols that clients speak: routes, requests and answers, one file each, and the tensors of the second."""
