"""What the operating system says of a refusal, in the catalogue: the common ones by their number. What is not here stays as the system says it."""

import errno
import socket
import ssl

from edge.errors import Reason
from edge.words import N_

_BY_ERRNO = {
    errno.EPERM: N_("Operation not permitted"),
    errno.ENOENT: N_("No such file or directory"),
    errno.EIO: N_("Input/output error"),
    errno.ENXIO: N_("No such device or address"),
    errno.ENOEXEC: N_("Exec format error"),
    errno.ENOMEM: N_("Cannot allocate memory"),
    errno.EACCES: N_("Permission denied"),
    errno.EBUSY: N_("Device or resource busy"),
    errno.EEXIST: N_("File exists"),
    errno.ENODEV: N_("No such device"),
    errno.ENOTDIR: N_("Not a directory"),
    errno.EISDIR: N_("Is a directory"),
    errno.EINVAL: N_("Invalid argument"),
    errno.EMFILE: N_("Too many open files"),
    errno.EFBIG: N_("File too large"),
    errno.ENOSPC: N_("No space left on device"),
    errno.EROFS: N_("Read-only file system"),
    errno.EPIPE: N_("Broken pipe"),
    errno.ENAMETOOLONG: N_("File name too long"),
    errno.ELOOP: N_("Too many levels of symbolic links"),
    errno.EDQUOT: N_("Disk quota exceeded"),
    errno.EADDRINUSE: N_("Address already in use"),
    errno.EADDRNOTAVAIL: N_("Cannot assign requested address"),
    errno.ENETDOWN: N_("Network is down"),
    errno.ENETUNREACH: N_("Network is unreachable"),
    errno.ECONNABORTED: N_("Software caused connection abort"),
    errno.ECONNRESET: N_("Connection reset by peer"),
    errno.ETIMEDOUT: N_("Connection timed out"),
    errno.ECONNREFUSED: N_("Connection refused"),
    errno.EHOSTDOWN: N_("Host is down"),
    errno.EHOSTUNREACH: N_("No route to host"),
}

_BY_NAME_SERVICE = {
    socket.EAI_NONAME: N_("Name or service not known"),
    socket.EAI_NODATA: N_("No address associated with hostname"),
    socket.EAI_AGAIN: N_("Temporary failure in name resolution"),
    socket.EAI_FAIL: N_("Non-recoverable failure in name resolution"),
}

_BY_CERTIFICATE = {  # X509_V_ERR_… of OpenSSL (x509_vfy.h)
    9: N_("the certificate is not yet valid"),
    10: N_("the certificate has expired"),
    18: N_("self-signed certificate"),
    19: N_("self-signed certificate in certificate chain"),
    20: N_("unable to get local issuer certificate"),
    21: N_("unable to verify the first certificate"),
    62: N_("the certificate is made out to another name"),
    64: N_("the certificate is made out to another address"),
}

_BY_TLS = {  # the name that OpenSSL gives it
    "WRONG_VERSION_NUMBER": N_("what answers there does not speak TLS"),
    "RECORD_LAYER_FAILURE": N_("what answers there does not speak TLS"),
    "UNEXPECTED_EOF_WHILE_READING": N_("the connection was ended in the middle"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": N_("a certificate of the terminal is wanted"),
    "KEY_VALUES_MISMATCH": N_("the key belongs to another certificate"),
    "NO_CERTIFICATE_OR_CRL_FOUND": N_("there is no certificate in it"),
}


def reason_of(error: Exception) -> str:
    """Why the system refused, as a fact of a sentence: a `Reason` where the catalogue has it, else what the system says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _found(_BY_CERTIFICATE.get(error.verify_code), error.verify_message)
    if isinstance(error, ssl.SSLError):
        return _found(_BY_TLS.get(getattr(error, "reason", None) or ""), error.strerror or str(error))
    if isinstance(error, socket.gaierror):
        return _found(_BY_NAME_SERVICE.get(error.errno or 0), error.strerror or str(error))
    if isinstance(error, TimeoutError) and error.errno is None:  # of Python's own
        return Reason(_BY_ERRNO[errno.ETIMEDOUT])
    if isinstance(error, OSError):
        return _found(_BY_ERRNO.get(error.errno or 0), error.strerror or str(error))
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _found(sentence: str | None, told: str) -> str:
    return Reason(sentence) if sentence else told
